package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Other names for versions, and volumes that go back to a snapshot. */
public interface RenameRollbackContract extends ContractHost {

    @Test
    default void volumeIsRenamedWithItsSnapshots() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.pool().clone("vol@s", List.of("vol.c"));
            f.closeSpaces();
            VolumeInfo before = f.pool().info("vol");
            assertThat(f.pool().rename("vol", "new").uuid()).isEqualTo(before.uuid());
            f.kill();
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("new", "new@s", "vol.c");
            assertThat(f.pool().info("vol.c").origin()).isEqualTo("new@s");
            assertThat(f.io("new").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io("new@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void snapshotIsRenamedInItsVolumeOnly() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@s"));
            assertThat(f.pool().rename("vol@s", "vol@t").name()).isEqualTo("vol@t");
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("vol", "vol@t");
            assertThatThrownBy(() -> f.pool().rename("vol@t", "other@t")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> f.pool().rename("vol@t", "other")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> f.pool().rename("vol", "other@t")).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    default void takenAndMissingNamesAreRefused() {
        try (Fixture f = fixture()) {
            f.pool().create("b", 1 << 20);
            f.pool().snapshot(List.of("vol@s", "b@s"));
            f.pool().destroy(List.of("b"), false);
            assertCode(Code.NOT_FOUND, () -> f.pool().rename("none", "other"));
            assertCode(Code.EXISTS, () -> f.pool().rename("vol", "vol"));
            assertCode(Code.EXISTS, () -> f.pool().rename("vol", "b")); // its snapshot would be b@s
            assertCode(Code.NOT_FOUND, () -> f.pool().rollback("vol@none", null));
            assertCode(Code.NOT_FOUND, () -> f.pool().rollback("b@s", null));
            assertCode(Code.EXISTS, () -> f.pool().rollback("vol@s", "vol"));
            assertThatThrownBy(() -> f.pool().rollback("vol", null)).isInstanceOf(IllegalArgumentException.class);
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("b@s", "vol", "vol@s");
        }
    }

    @Test
    default void renamedVolumeStaysOpen() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.pool().open("vol");
            new TestIo(space).write(0, bytes(1, BLOCK));
            f.pool().rename("vol", "new");
            new TestIo(space).write(BLOCK, bytes(2, BLOCK));
            assertThat(f.pool().info("new").attachments()).isEqualTo(1);
            space.close();
            assertThat(f.io("new").read(BLOCK, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void rollbackBringsBackTheSnapshotAndGivesUpTheRest() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@a"));
            f.io().write(0, bytes(2, 2 * BLOCK));
            f.pool().snapshot(List.of("vol@b"));
            f.io().write(0, bytes(3, 3 * BLOCK));
            f.closeSpaces();
            VolumeInfo before = f.pool().info("vol");
            VolumeInfo after = f.pool().rollback("vol@a", null);
            assertThat(after.uuid()).isEqualTo(before.uuid());
            assertThat(after.exclusiveBytes()).isZero();
            assertThat(after.mappedBytes()).isEqualTo(4L * BLOCK);
            f.kill();
            f.pool().awaitReclaim();
            assertThat(f.io().read(0, 4 * BLOCK)).isEqualTo(bytes(1, 4 * BLOCK));
            assertThat(f.io("vol@b").read(0, 2 * BLOCK)).isEqualTo(bytes(2, 2 * BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(6L * BLOCK);
            f.io().write(0, bytes(4, BLOCK));
            assertThat(f.io("vol@a").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            f.closeSpaces();
            f.pool().rollback("vol@b", null); // forward again
            assertThat(f.io().read(0, 2 * BLOCK)).isEqualTo(bytes(2, 2 * BLOCK));
        }
    }

    @Test
    default void whatIsLeftCanBeKept() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@a"));
            f.io().write(0, bytes(2, 2 * BLOCK));
            f.closeSpaces();
            f.pool().rollback("vol@a", "kept");
            assertThat(f.io().read(0, 2 * BLOCK)).isEqualTo(bytes(1, 2 * BLOCK));
            assertThat(f.io("kept").read(0, 2 * BLOCK)).isEqualTo(bytes(2, 2 * BLOCK));
            assertThat(f.pool().info("kept").uuid())
                    .isNotEqualTo(f.pool().info("vol").uuid());
            f.pool().awaitReclaim();
            assertThat(f.status().allocatedBytes()).isEqualTo(6L * BLOCK);
        }
    }

    @Test
    default void volumeInUseIsNotRolledBack() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@a"));
            BlockSpace space = f.pool().open("vol");
            assertCode(Code.BUSY, () -> f.pool().rollback("vol@a", null));
            Cookie cookie = space.reserve(1, BLOCK);
            space.close();
            assertCode(Code.BUSY, () -> f.pool().rollback("vol@a", null));
            cookie.put();
            f.pool().rollback("vol@a", null);
        }
    }

    @Test
    default void rollbackKeepsTheGuarantee() {
        try (Fixture f = fixture(256L * BLOCK)) {
            f.pool().create("g", 64L * BLOCK, Quota.guarantee(64L * BLOCK));
            f.io("g").write(0, bytes(1, 32 * BLOCK));
            f.pool().snapshot(List.of("g@s"));
            f.io("g").write(0, bytes(2, 16 * BLOCK));
            f.closeSpaces();
            f.pool().rollback("g@s", null);
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(64L * BLOCK);
            f.pool().awaitReclaim();
            f.io("g").write(0, bytes(3, 64 * BLOCK));
            assertThat(f.io("g").read(0, 64 * BLOCK)).isEqualTo(bytes(3, 64 * BLOCK));
            assertThat(f.io("g@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }
}
