package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.socket.NativeSockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server as a service of Type=notify. */
@Timeout(180)
class ServeNotifyTest {

    @TempDir
    private Path directory;

    @Test
    void theServiceNoticeHearsReadyWhenClientsAreAnsweredAndThenStopping() {
        String address = "@blkspc-notify" + directory;
        int fd = NativeSockets.socket(NativeSockets.AF_UNIX, NativeSockets.SOCK_DGRAM, 0);
        assertThat(NativeSockets.bind(fd, NativeSockets.unixAddress(address))).isZero();
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            ServerProcess server = pool.server();
            server.launchUnder(List.of("env", "NOTIFY_SOCKET=" + address));
            assertThat(received(fd)).startsWith("READY=1");
            pool.command().ok("create", "vm", "-s", "1M");
            assertThat(server.isAlive()).isTrue();
            pool.command().ok("stop");
            assertThat(received(fd)).isEqualTo("STOPPING=1");
        } finally {
            NativeSockets.close(fd);
        }
    }

    private static String received(int fd) {
        byte[] bytes = new byte[256];
        int count = NativeSockets.receive(fd, bytes, 0);
        return new String(Arrays.copyOf(bytes, Math.max(0, count)), StandardCharsets.US_ASCII);
    }
}
