package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Publication of what was staged: exactly that, at once, to everybody, for good (S6). */
public interface CommitContract extends ContractHost {

    @Test
    default void commitShowsTheBytesToEveryHandle() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            TestIo other = f.io();
            Cookie cookie = space.reserve(1, BLOCK);
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(1, BLOCK)));
            assertThat(other.read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            cookie.put();
        }
    }

    @Test
    default void commitOfPartLeavesTheRestStaged() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, 4 * BLOCK);
            byte[] data = bytes(1, 4 * BLOCK);
            f.stageAll(space, cookie, 0, data);
            byte[] second = Arrays.copyOfRange(data, BLOCK, 2 * BLOCK);
            space.commit(cookie, CommitType.UNWRITTEN, Fixture.batch(BLOCK, second));
            byte[] expected = new byte[4 * BLOCK];
            System.arraycopy(second, 0, expected, BLOCK, BLOCK);
            assertThat(f.io().read(0, 4 * BLOCK)).isEqualTo(expected);
            Cookie other = space.reserve(1, BLOCK);
            assertThat(f.allocate(space, other, 0, BLOCK, new Mapping())).isEqualTo(Allocation.BUSY);
            other.put();
            byte[] last = Arrays.copyOfRange(data, 3 * BLOCK, 4 * BLOCK);
            space.commit(cookie, CommitType.UNWRITTEN, Fixture.batch(3L * BLOCK, last));
            assertThat(f.io().read(3L * BLOCK, BLOCK)).isEqualTo(last);
            cookie.put();
            assertThat(f.status().allocatedBytes()).isEqualTo(2L * BLOCK);
        }
    }

    @Test
    default void severalRangesArePublishedByOneCommit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(20, BLOCK);
            CommitBatch batch = new CommitBatch();
            for (int i = 0; i < 20; i++) {
                long offset = 7L * i * BLOCK;
                f.stage(space, cookie, offset, bytes(i, BLOCK));
                TestIo.addRanges(batch, offset, bytes(i, BLOCK));
            }
            space.commit(cookie, CommitType.UNWRITTEN, batch);
            cookie.put();
            for (int i = 0; i < 20; i++) {
                assertThat(f.io().read(7L * i * BLOCK, BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo(20L * BLOCK);
        }
    }

    @Test
    default void rangesMayComeInAnyOrder() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(5, BLOCK);
            CommitBatch batch = new CommitBatch();
            for (int i : new int[] {3, 0, 4, 1, 2}) {
                f.stage(space, cookie, (long) i * BLOCK, bytes(i, BLOCK));
                TestIo.addRanges(batch, (long) i * BLOCK, bytes(i, BLOCK));
            }
            space.commit(cookie, CommitType.UNWRITTEN, batch);
            cookie.put();
            for (int i = 0; i < 5; i++) {
                assertThat(f.io().read((long) i * BLOCK, BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
        }
    }

    @Test
    default void commitOfABlockNotStagedChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(BLOCK, bytes(9, BLOCK));
            Cookie cookie = space.reserve(2, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            CommitBatch batch = Fixture.batch(0, bytes(1, BLOCK));
            TestIo.addRanges(batch, 5L * BLOCK, bytes(2, BLOCK));
            assertCode(Code.OUT_OF_RANGE, () -> space.commit(cookie, CommitType.UNWRITTEN, batch));
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.io().read(5L * BLOCK, BLOCK)).containsOnly(0);
            CommitBatch written = Fixture.batch(BLOCK, bytes(2, BLOCK));
            assertCode(Code.OUT_OF_RANGE, () -> space.commit(cookie, CommitType.COW, written));
            assertThat(f.io().read(BLOCK, BLOCK)).isEqualTo(bytes(9, BLOCK));
            space.commit(cookie, CommitType.UNWRITTEN, Fixture.batch(0, bytes(1, BLOCK)));
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            cookie.put();
        }
    }

    @Test
    default void commitAsTheOtherTypeChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertCode(Code.OUT_OF_RANGE, () -> space.commit(cookie, CommitType.COW, staged.batch()));
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void commitOfAnotherCookiesStageChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie owner = space.reserve(1, BLOCK);
            Cookie thief = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, owner, 0, bytes(1, BLOCK));
            assertCode(Code.OUT_OF_RANGE, () -> space.commit(thief, CommitType.UNWRITTEN, staged.batch()));
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            f.commit(space, owner, staged);
            owner.put();
            thief.put();
        }
    }

    @Test
    default void blockCanBeCommittedOnlyOnce() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            CommitBatch twice = Fixture.batch(0, bytes(1, BLOCK));
            TestIo.addRanges(twice, 0, bytes(1, BLOCK));
            assertCode(Code.OUT_OF_RANGE, () -> space.commit(cookie, CommitType.UNWRITTEN, twice));
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            f.commit(space, cookie, staged);
            assertCode(Code.OUT_OF_RANGE, () -> f.commit(space, cookie, staged));
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
        }
    }

    @Test
    default void emptyCommitChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            space.commit(cookie, CommitType.UNWRITTEN, new CommitBatch());
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            cookie.put();
            assertThat(f.status().allocatedBytes()).isZero();
        }
    }

    @Test
    default void commitOfManyRangesIsPublishedWhole() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            int blocks = 1000;
            Cookie cookie = space.reserve(blocks, BLOCK);
            CommitBatch batch = new CommitBatch();
            for (int i = 0; i < blocks; i++) {
                long offset = 2L * i * BLOCK;
                f.stage(space, cookie, offset, bytes(i, BLOCK));
                TestIo.addRanges(batch, offset, bytes(i, BLOCK));
            }
            space.commit(cookie, CommitType.UNWRITTEN, batch);
            cookie.put();
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo((long) blocks * BLOCK);
            for (int i = 0; i < blocks; i += 97) {
                assertThat(f.io().read(batch.offsetBytes(i), BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
        }
    }

    @Test
    default void redirectedOverwriteFreesTheOldBlock() {
        try (Fixture f = fixture()) {
            for (int i = 0; i < 5; i++) {
                f.io().write(0, bytes(i, 3 * BLOCK));
                assertThat(f.io().read(0, 3 * BLOCK)).isEqualTo(bytes(i, 3 * BLOCK));
                assertThat(f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
            }
        }
    }

    @Test
    default void whatWasCommittedSurvivesTheProcess() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(100, bytes(1, 10000));
            Cookie cookie = space.reserve(3, BLOCK);
            f.stage(space, cookie, 50L * BLOCK, bytes(2, BLOCK));
            f.kill();
            assertThat(f.io().read(100, 10000)).isEqualTo(bytes(1, 10000));
            assertThat(f.io().read(50L * BLOCK, BLOCK)).containsOnly(0);
            assertThat(f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
            f.reopen();
            assertThat(f.io().read(100, 10000)).isEqualTo(bytes(1, 10000));
        }
    }
}
