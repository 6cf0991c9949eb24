package io.blkspc.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where a pool and its sockets are found. */
class PoolLocationTest {

    @Test
    void optionThenVariableThenXdgThenHome() {
        Map<String, String> all = Map.of("BLKSPC_POOL", "/b", "XDG_DATA_HOME", "/x", "HOME", "/h");

        assertThat(PoolLocation.of("/a/./c/..", all).directory()).isEqualTo(Path.of("/a"));
        assertThat(PoolLocation.of(null, all).directory()).isEqualTo(Path.of("/b"));
        assertThat(PoolLocation.of(null, Map.of("XDG_DATA_HOME", "/x", "HOME", "/h"))
                        .directory())
                .isEqualTo(Path.of("/x/blkspc/pool"));
        assertThat(PoolLocation.of(null, Map.of("BLKSPC_POOL", "", "HOME", "/h"))
                        .directory())
                .isEqualTo(Path.of("/h/.local/share/blkspc/pool"));
    }

    @Test
    void socketsLieInThePoolUnlessTheirPathIsTooLong() {
        Map<String, String> environment = Map.of("XDG_RUNTIME_DIR", "/run/user/1");
        PoolLocation near = PoolLocation.of("/pool", environment);
        PoolLocation far = PoolLocation.of("/" + "long/".repeat(30), environment);
        PoolLocation other = PoolLocation.of("/" + "lang/".repeat(30), environment);

        assertThat(near.controlSocket()).isEqualTo(Path.of("/pool/control.sock"));
        assertThat(near.nbdSocket()).isEqualTo(Path.of("/pool/nbd.sock"));
        assertThat(far.controlSocket().toString())
                .startsWith("/run/user/1/blkspc-")
                .hasSizeLessThan(100);
        assertThat(far.controlSocket()).isNotEqualTo(far.nbdSocket()).isNotEqualTo(other.controlSocket());
    }
}
