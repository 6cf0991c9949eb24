package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Freezing, cloning, and what a freeze between allocate and commit means (S7). */
public interface SnapshotCloneContract extends ContractHost {

    @Test
    default void snapshotKeepsItsBytesWhileTheVolumeChanges() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 3 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(BLOCK + 7, bytes(2, BLOCK));
            f.space().discard(0, BLOCK);
            assertThat(f.io("vol@s").read(0, 3 * BLOCK)).isEqualTo(bytes(1, 3 * BLOCK));
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.io().read(BLOCK + 7, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void snapshotSaysWhatItIs() {
        try (Fixture f = fixture()) {
            VolumeInfo made = f.pool().snapshot(List.of("vol@s")).getFirst();
            assertThat(made.name()).isEqualTo("vol@s");
            assertThat(made.type()).isEqualTo(VolumeInfo.Type.SNAPSHOT);
            assertThat(made.readOnly()).isTrue();
            assertThat(made.sizeBytes()).isEqualTo(f.pool().info("vol").sizeBytes());
            assertThat(made.uuid()).isNotEqualTo(f.pool().info("vol").uuid());
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("vol", "vol@s");
            assertThat(f.status().snapshots()).isEqualTo(1);
            assertThat(f.status().volumes()).isEqualTo(1);
            assertThat(f.space("vol@s").isReadOnly()).isTrue();
            assertThat(f.space("vol@s").name()).isEqualTo("vol@s");
        }
    }

    @Test
    default void severalVolumesAreFrozenAllOrNone() {
        try (Fixture f = fixture()) {
            f.pool().create("b", 1 << 20);
            assertCode(Code.NOT_FOUND, () -> f.pool().snapshot(List.of("vol@s", "none@s")));
            f.pool().snapshot(List.of("b@s"));
            assertCode(Code.EXISTS, () -> f.pool().snapshot(List.of("vol@s", "b@s")));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("b", "b@s", "vol");
            assertThat(f.pool().snapshot(List.of("vol@t", "b@t")))
                    .extracting(VolumeInfo::name)
                    .containsExactly("vol@t", "b@t");
        }
    }

    @Test
    default void stageSurvivesFreezeAndCommitsIntoTheHead() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).containsOnly(0);
            assertThat(f.pool().info("vol").exclusiveBytes()).isEqualTo(BLOCK);
        }
    }

    @Test
    default void cowStageOverAFreezeLeavesTheOldBlockToTheSnapshot() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(2, BLOCK));
            f.pool().snapshot(List.of("vol@t"));
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io("vol@t").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            f.pool().destroy(List.of("vol@s"), true);
            f.pool().awaitReclaim();
            assertThat(f.io("vol@t").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            f.pool().destroy(List.of("vol@t"), true);
            f.pool().awaitReclaim();
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
        }
    }

    @Test
    default void redirectedStageOverAFreezeLeavesTheOldBlockToTheSnapshot() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            Cookie cookie = space.reserve(1, BLOCK);
            // Not durable yet: redirected where the host does so, else in place and then there is nothing to commit.
            Staged staged = f.stage(space, cookie, 0, bytes(2, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.commit(space, cookie, staged);
            cookie.put();
            boolean inPlace = staged.kind() == Allocation.IN_PLACE;
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(inPlace ? 2 : 1, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(inPlace ? BLOCK : 2L * BLOCK);
        }
    }

    @Test
    default void creditSurvivesFreeze() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(3, BLOCK);
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(1, BLOCK)));
            f.pool().snapshot(List.of("vol@s"));
            assertThat(cookie.creditsRemaining()).isEqualTo(2);
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(2, BLOCK)));
            f.commit(space, cookie, f.stage(space, cookie, BLOCK, bytes(3, BLOCK)));
            cookie.put();
            assertThat(f.io().read(BLOCK, BLOCK)).isEqualTo(bytes(3, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void cloneOfALiveVolumeHoldsEveryWriteRepliedBefore() {
        try (Fixture f = fixture()) {
            f.io().write(10, bytes(1, 2 * BLOCK));
            VolumeInfo clone = f.pool().clone("vol", List.of("c")).getFirst();
            assertThat(clone.origin()).isEqualTo("vol");
            assertThat(clone.type()).isEqualTo(VolumeInfo.Type.VOLUME);
            assertThat(clone.sizeBytes()).isEqualTo(f.pool().info("vol").sizeBytes());
            assertThat(clone.exclusiveBytes()).isZero();
            assertThat(f.pool().info("vol").clones()).isEqualTo(1);
            assertThat(f.io("c").read(10, 2 * BLOCK)).isEqualTo(bytes(1, 2 * BLOCK));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("c", "vol");
        }
    }

    @Test
    default void cloneAndOriginGoTheirOwnWays() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().clone("vol", List.of("c", "d"));
            f.io().write(0, bytes(2, BLOCK));
            f.io("c").write(BLOCK, bytes(3, BLOCK));
            f.space("d").discard(2L * BLOCK, BLOCK);
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.io().read(BLOCK, 3 * BLOCK)).isEqualTo(part(1, 1, 3));
            assertThat(f.io("c").read(0, BLOCK)).isEqualTo(part(1, 0, 1));
            assertThat(f.io("c").read(BLOCK, BLOCK)).isEqualTo(bytes(3, BLOCK));
            assertThat(f.io("d").read(0, 2 * BLOCK)).isEqualTo(part(1, 0, 2));
            assertThat(f.io("d").read(2L * BLOCK, BLOCK)).containsOnly(0);
            assertThat(f.io("d").read(3L * BLOCK, BLOCK)).isEqualTo(part(1, 3, 1));
        }
    }

    private static byte[] part(long seed, int firstBlock, int blocks) {
        return Arrays.copyOfRange(bytes(seed, 4 * BLOCK), firstBlock * BLOCK, (firstBlock + blocks) * BLOCK);
    }

    @Test
    default void cloneOfASnapshotStartsFromTheSnapshot() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, BLOCK));
            assertThat(f.pool().clone("vol@s", List.of("c")).getFirst().origin())
                    .isEqualTo("vol@s");
            assertThat(f.io("c").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            f.io("c").write(0, bytes(3, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void cloneIsAllOrNone() {
        try (Fixture f = fixture()) {
            f.pool().create("taken", 1 << 20);
            assertCode(Code.EXISTS, () -> f.pool().clone("vol", List.of("new", "taken")));
            assertCode(Code.NOT_FOUND, () -> f.pool().clone("none", List.of("new")));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("taken", "vol");
        }
    }

    @Test
    default void cloneLacksWhatIsOnlyStaged() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            f.pool().clone("vol", List.of("c"));
            space.commit(cookie, CommitType.UNWRITTEN, staged.batch());
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io("c").read(0, BLOCK)).containsOnly(0);
        }
    }

    @Test
    default void aLongChainOfClonesReadsAndWritesLikeOne() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(0, BLOCK));
            String last = "vol";
            for (int i = 1; i <= 50; i++) {
                String next = "c" + i;
                f.pool().clone(last, List.of(next));
                f.io(next).write((long) i * BLOCK, bytes(i, BLOCK));
                last = next;
            }
            for (int i = 0; i <= 50; i++) {
                assertThat(f.io(last).read((long) i * BLOCK, BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
            f.closeSpaces();
            for (int i = 1; i < 50; i++) {
                f.pool().destroy(List.of("c" + i), false);
            }
            f.pool().destroy(List.of("vol"), false);
            f.pool().awaitReclaim();
            for (int i = 0; i <= 50; i++) {
                assertThat(f.io(last).read((long) i * BLOCK, BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
            assertThat(f.status().allocatedBytes()).isEqualTo(51L * BLOCK);
            assertThat(f.pool().info(last).exclusiveBytes()).isEqualTo(51L * BLOCK);
        }
    }

    @Test
    default void versionsSurviveTheProcess() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, BLOCK));
            f.pool().clone("vol@s", List.of("c"));
            f.io("c").write(BLOCK, bytes(3, BLOCK));
            List<UUID> uuids = f.pool().list().stream().map(VolumeInfo::uuid).toList();
            for (boolean killed : new boolean[] {true, false}) {
                if (killed) {
                    f.kill();
                } else {
                    f.reopen();
                }
                assertThat(f.pool().list()).extracting(VolumeInfo::uuid).isEqualTo(uuids);
                assertThat(f.pool().info("c").origin()).isEqualTo("vol@s");
                assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
                assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
                assertThat(f.io("c").read(0, 2 * BLOCK))
                        .startsWith(bytes(1, BLOCK))
                        .endsWith(bytes(3, BLOCK));
                assertThat(f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
            }
        }
    }
}
