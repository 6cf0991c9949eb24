package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.assertCode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.VolumeInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Snapshots that are kept from being destroyed. */
public interface HoldContract extends ContractHost {

    @Test
    default void heldSnapshotIsNotDestroyed() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@s"));
            f.pool().snapshot(List.of("vol@t"));
            assertThat(f.pool().hold("backup", "vol@s").holds()).containsExactly("backup");
            assertThat(f.pool().hold("audit", "vol@s").holds()).containsExactly("audit", "backup");
            f.kill();
            assertCode(Code.BUSY, () -> f.pool().destroy(List.of("vol@t", "vol@s"), false));
            assertCode(Code.BUSY, () -> f.pool().destroy(List.of("vol@s"), true));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("vol", "vol@s", "vol@t");
            assertThat(f.pool().release("backup", "vol@s").holds()).containsExactly("audit");
            f.reopen();
            assertCode(Code.BUSY, () -> f.pool().destroy(List.of("vol@s"), true));
            f.pool().rename("vol", "new");
            assertThat(f.pool().info("new@s").holds()).containsExactly("audit");
            f.pool().destroy(List.of("new"), false); // its snapshots stay
            assertThat(f.pool().release("audit", "new@s").holds()).isEmpty();
            f.pool().destroy(List.of("new@s", "new@t"), false);
            f.kill();
            assertThat(f.pool().list()).isEmpty();
        }
    }

    @Test
    default void tagsAreTakenOnceAndOfSnapshotsOnly() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@s"));
            f.pool().hold("a", "vol@s");
            assertCode(Code.EXISTS, () -> f.pool().hold("a", "vol@s"));
            assertCode(Code.NOT_FOUND, () -> f.pool().release("b", "vol@s"));
            assertCode(Code.NOT_FOUND, () -> f.pool().hold("a", "vol@none"));
            for (String wrong : new String[] {"", "a b", "a@b", "-a"}) {
                assertThatThrownBy(() -> f.pool().hold(wrong, "vol@s")).isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> f.pool().hold("a", "vol")).isInstanceOf(IllegalArgumentException.class);
            assertThat(f.pool().info("vol@s").holds()).containsExactly("a");
            assertThat(f.pool().info("vol").holds()).isEmpty();
        }
    }

    @Test
    default void tagsOfASnapshotAreBounded() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@s"));
            for (int i = 0; i < 7; i++) {
                f.pool().hold("t" + i + "x".repeat(126), "vol@s");
            }
            assertCode(Code.LIMIT, () -> f.pool().hold("u" + "x".repeat(127), "vol@s"));
            f.pool().hold("fits", "vol@s");
            f.reopen();
            assertThat(f.pool().info("vol@s").holds()).hasSize(8);
        }
    }
}
