package io.blkspc.xfsish;

import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.xfsish.Bytes.BLOCK;
import static io.blkspc.xfsish.Bytes.blocks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** What the write path promises, on any host. */
public abstract class SubvolumeContract implements ContractHost {

    static final SubvolumeConfig SMALL = new SubvolumeConfig(64, 64);

    static Subvolume open(BlockSpace space) {
        return Subvolume.open(space, SMALL);
    }

    /** Block 0 is dirty. */
    private static Subvolume written(Fixture f) {
        Subvolume subvolume = open(f.space());
        Bytes.write(subvolume, 0, blocks(1, 1));
        return subvolume;
    }

    @Test
    public void whatWasSyncedIsThereAfterAKill() {
        try (Fixture f = fixture()) {
            Subvolume subvolume = open(f.space());
            byte[] data = blocks(1, 10);
            Bytes.write(subvolume, 3 * BLOCK, data);
            assertThat(Bytes.read(subvolume, 3 * BLOCK, data.length)).isEqualTo(data);
            assertThat(f.io().read(3 * BLOCK, data.length)).isEqualTo(new byte[data.length]); // only in memory
            subvolume.sync();
            f.kill();
            assertThat(f.io().read(3 * BLOCK, data.length)).isEqualTo(data);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    public void closingSyncs() {
        try (Fixture f = fixture()) {
            Subvolume subvolume = open(f.space());
            Bytes.write(subvolume, 0, blocks(1, 4));
            subvolume.close();
            subvolume.close();
            assertThat(f.io().read(0, 4 * BLOCK)).isEqualTo(blocks(1, 4));
            assertCode(Code.CLOSED, () -> subvolume.begin(1));
        }
    }

    @Test
    public void partialWritesKeepTheRestOfTheirBlocks() {
        try (Fixture f = fixture()) {
            byte[] expected = blocks(1, 6);
            f.io().write(0, expected);
            try (Subvolume subvolume = open(f.space())) {
                byte[] part = Fixture.bytes(2, 2 * BLOCK + 77);
                Bytes.write(subvolume, BLOCK + 1000, part);
                System.arraycopy(part, 0, expected, BLOCK + 1000, part.length);
                Bytes.write(subvolume, 10L * BLOCK - 5, new byte[] {1, 2, 3}); // in a hole
                assertThat(Bytes.read(subvolume, 0, expected.length)).isEqualTo(expected);
            }
            assertThat(f.io().read(0, expected.length)).isEqualTo(expected);
            byte[] hole = new byte[BLOCK];
            System.arraycopy(new byte[] {1, 2, 3}, 0, hole, BLOCK - 5, 3);
            assertThat(f.io().read(9L * BLOCK, BLOCK)).isEqualTo(hole);
        }
    }

    @Test
    public void aTransactionReadsItsOwnChanges() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space());
                Transaction transaction = subvolume.begin(2)) {
            Bytes.write(transaction, 100, new byte[] {7});
            transaction.change(1).fill((byte) 9);
            var seen = Bytes.of(new byte[BLOCK]);
            transaction.read(200, BLOCK, seen, 0);
            byte[] expected = new byte[BLOCK];
            Arrays.fill(expected, BLOCK - 200, BLOCK, (byte) 9);
            assertThat(seen.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).isEqualTo(expected);
            transaction.commit();
        }
    }

    // ---- reservations

    @Test
    public void whatIsDirtyIsWrittenHoweverFullThePoolIsMeanwhile() {
        try (Fixture f = fixture(512L * BLOCK)) {
            BlockSpace space = f.space();
            f.io().write(0, blocks(1, 20));
            f.pool().snapshot(List.of("vol@s")); // blocks 0 to 19 are shared
            f.io().write(10L * BLOCK, blocks(2, 5)); // and these are owned again
            Subvolume subvolume = open(space);
            Transaction running = subvolume.begin(32);
            List<Cookie> others = f.drain(space); // nothing can be reserved any more
            byte[] data = blocks(3, 32);
            Bytes.write(running, 0, data);
            running.commit();
            assertCode(Code.OUT_OF_SPACE, () -> space.reserve(1, BLOCK));
            subvolume.sync();
            assertThat(f.io().read(0, data.length)).isEqualTo(data);
            assertThat(f.io("vol@s").read(0, 20 * BLOCK)).isEqualTo(blocks(1, 20));
            others.forEach(Cookie::put);
            assertThat(f.status().reservedBytes()).isZero();
            subvolume.close();
        }
    }

    @Test
    public void spaceRunsOutWhenATransactionBeginsAndLeavesNothingBehind() {
        try (Fixture f = fixture(512L * BLOCK)) {
            BlockSpace space = f.space();
            List<Cookie> others = f.drain(space);
            long before = f.status().reservedBytes();
            Subvolume subvolume = open(space);
            for (int i = 0; i < 100; i++) { // more than the memory: a promise of it is not lost either
                assertCode(Code.OUT_OF_SPACE, () -> subvolume.begin(4));
            }
            assertThat(f.status().reservedBytes()).isEqualTo(before);
            others.forEach(Cookie::put);
            Bytes.write(subvolume, 0, blocks(1, 60));
            subvolume.close();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    public void creditThatOnlyDirtyBuffersHoldIsGotBackBeforeSpaceRunsOut() {
        try (Fixture f = fixture(512L * BLOCK)) {
            BlockSpace space = f.space();
            Subvolume subvolume = open(space);
            long available = f.available() / BLOCK;
            int most = (int) available - 80; // the real host wants room for metadata as well
            try (Transaction wasteful = subvolume.begin(most, BLOCK, 4)) {
                Bytes.write(wasteful, 0, blocks(1, 1));
                wasteful.commit();
            }
            assertThat(f.status().reservedBytes()).isEqualTo((long) most * BLOCK);
            try (Transaction next = subvolume.begin(most - 10, BLOCK, 4)) {
                Bytes.write(next, BLOCK, blocks(2, 1));
                next.commit();
            }
            subvolume.close();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(blocks(1, 1));
            assertThat(f.io().read(BLOCK, BLOCK)).isEqualTo(blocks(2, 1));
        }
    }

    @Test
    public void unusedCreditComesBackWithTheLastBuffer() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            try (Transaction transaction = subvolume.begin(10)) {
                Bytes.write(transaction, 0, blocks(1, 1));
                Bytes.write(transaction, 100L * BLOCK, blocks(2, 1));
                transaction.commit();
            }
            assertThat(f.status().reservedBytes()).isEqualTo(10L * BLOCK);
            subvolume.sync(0, BLOCK);
            assertThat(subvolume.dirtyBlocks()).isOne();
            assertThat(f.status().reservedBytes()).isEqualTo(9L * BLOCK); // one was spent
            subvolume.sync();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    public void aDirtyBufferKeepsTheOlderCookieAndTheNewerCreditGoesBack() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            Bytes.write(subvolume, 0, blocks(1, 4));
            assertThat(f.status().reservedBytes()).isEqualTo(4L * BLOCK);
            for (int i = 0; i < 20; i++) {
                Bytes.write(subvolume, BLOCK / 2, Fixture.bytes(i, 3 * BLOCK));
                assertThat(f.status().reservedBytes()).isEqualTo(4L * BLOCK);
            }
            subvolume.sync();
            assertThat(f.status().reservedBytes()).isZero();
            assertThat(f.io().read(BLOCK / 2, 3 * BLOCK)).isEqualTo(Fixture.bytes(19, 3 * BLOCK));
        }
    }

    @Test
    public void aTransactionThatChangesMoreThanItReservedIsRefusedAtOnce() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            try (Transaction transaction = subvolume.begin(1, BLOCK, 3)) {
                transaction.change(5);
                transaction.change(5);
                assertThatThrownBy(() -> transaction.change(6))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("credits=1");
                transaction.join(7);
                assertThatThrownBy(() -> transaction.join(8))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("blocks=3");
                transaction.commit();
            }
            assertThatThrownBy(() -> subvolume.begin(SMALL.maxDirtyBlocks() + 1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    public void oneCreditPaysForAllBlocksOfAWindow() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            f.io().write(18L * BLOCK, blocks(1, 4)); // so the window is hole, data, hole
            f.pool().snapshot(List.of("vol@s"));
            byte[] data = blocks(2, 32);
            try (Transaction transaction = subvolume.begin(2, 16 * BLOCK, 32)) {
                Bytes.write(transaction, 16L * BLOCK, data);
                assertThatThrownBy(() -> transaction.change(48)).isInstanceOf(IllegalStateException.class);
                transaction.commit();
            }
            subvolume.sync();
            assertThat(f.io().read(16L * BLOCK, data.length)).isEqualTo(data);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    public void aRangeIsReservedInWindowsOrWhereTheyDoNotFitInBlocks() {
        try (Fixture f = fixture(256L * BLOCK);
                Subvolume subvolume = open(f.space())) {
            Bytes.writeRange(subvolume, 7L * BLOCK + 9, blocks(1, 32)); // 33 blocks: two windows of 32
            assertThat(f.status().reservedBytes()).isEqualTo(64L * BLOCK);
            subvolume.sync();
            Bytes.writeRange(subvolume, 10, new byte[] {1});
            Bytes.writeRange(subvolume, 0, new byte[0]);
            Cookie other = f.space().reserve((int) (f.available() / BLOCK) - 40, BLOCK);
            Bytes.writeRange(subvolume, 7L * BLOCK + 9, blocks(2, 32)); // 40 blocks are left, not 64
            subvolume.sync();
            assertThat(f.io().read(7L * BLOCK + 9, 32 * BLOCK)).isEqualTo(blocks(2, 32));
            other.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    // ---- memory

    @Test
    public void dirtyMemoryIsBoundedAndWriteBackMakesRoom() {
        try (Fixture f = fixture();
                Subvolume subvolume = Subvolume.open(f.space(), new SubvolumeConfig(8, 2))) {
            byte[] expected = new byte[600 * BLOCK];
            for (int i = 0; i < 150; i++) {
                byte[] data = blocks(i, 4);
                int at = i * 37 % 597 * BLOCK;
                Bytes.write(subvolume, at, data);
                System.arraycopy(data, 0, expected, at, data.length);
                assertThat(subvolume.dirtyBlocks()).isLessThanOrEqualTo(8);
            }
            assertThat(Bytes.read(subvolume, 0, expected.length)).isEqualTo(expected);
            subvolume.sync();
            assertThat(f.io().read(0, expected.length)).isEqualTo(expected);
        }
    }

    @Test
    public void aBlockThatMovedIsReadWhereItIsNow() {
        try (Fixture f = fixture();
                Subvolume subvolume = Subvolume.open(f.space(), new SubvolumeConfig(4, 4))) {
            for (int i = 1; i <= 5; i++) {
                Bytes.write(subvolume, 0, blocks(i, 1));
                subvolume.sync(); // to a new block each time: the last one is in a snapshot
                f.pool().snapshot(List.of("vol@s" + i));
                // In another MiB, so that the mapping of block 0 is kept while its buffer is not.
                Bytes.read(subvolume, 3L << 20, 40 * BLOCK);
                assertThat(Bytes.read(subvolume, 0, BLOCK)).isEqualTo(blocks(i, 1));
            }
        }
    }

    // ---- freeze and snapshot

    @Test
    public void aSnapshotBetweenDirtyAndWriteBackHoldsTheOldBytes() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            Bytes.write(subvolume, 0, blocks(1, 4));
            subvolume.sync();
            f.pool().flush();
            Bytes.write(subvolume, 0, blocks(2, 8));
            f.pool().snapshot(List.of("vol@s"));
            subvolume.sync();
            byte[] old = Arrays.copyOf(blocks(1, 4), 8 * BLOCK);
            assertThat(f.io("vol@s").read(0, 8 * BLOCK)).isEqualTo(old);
            assertThat(f.io().read(0, 8 * BLOCK)).isEqualTo(blocks(2, 8));
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    public void aFreezeWaitsForTheTransactionsThatRunAndHoldsWhatTheyChanged() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space());
                Transaction running = subvolume.begin(2)) {
            Bytes.write(running, 0, blocks(1, 1));
            FutureTask<Freeze> freeze = Fixture.async(subvolume::freeze);
            Fixture.assertWaits(freeze);
            Bytes.write(running, BLOCK, blocks(2, 1));
            running.commit();
            try (Freeze _ = Fixture.get(freeze)) {
                f.pool().snapshot(List.of("vol@s"));
            }
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(blocks(1, 1));
            assertThat(f.io("vol@s").read(BLOCK, BLOCK)).isEqualTo(blocks(2, 1));
        }
    }

    @Test
    public void aSnapshotOfAFrozenSubvolumeHoldsEverythingAndNothingBegins() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            Bytes.write(subvolume, 0, blocks(1, 4));
            FutureTask<Void> later;
            try (Freeze _ = subvolume.freeze()) {
                later = Fixture.async(() -> {
                    Bytes.write(subvolume, 0, blocks(2, 4));
                    return null;
                });
                f.pool().snapshot(List.of("vol@s"));
                Fixture.assertWaits(later);
            }
            Fixture.get(later);
            assertThat(f.io("vol@s").read(0, 4 * BLOCK)).isEqualTo(blocks(1, 4));
            assertThat(Bytes.read(subvolume, 0, 4 * BLOCK)).isEqualTo(blocks(2, 4));
        }
    }

    // ---- other clients

    @Test
    public void writeBackWaitsForAnotherClientWithEverythingBelowCommittedAndNothingAboveStaged() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space())) {
            BlockSpace other = f.space();
            Cookie cookie = other.reserve(2, BLOCK);
            var first = f.stage(other, cookie, 5L * BLOCK, blocks(9, 1));
            Bytes.write(subvolume, 0, blocks(1, 10));
            FutureTask<Void> sync = Fixture.async(() -> {
                subvolume.sync();
                return null;
            });
            byte[] below = Arrays.copyOf(blocks(1, 10), 5 * BLOCK);
            while (!Arrays.equals(f.io().read(0, below.length), below)) {
                Fixture.assertWaits(sync);
            }
            Fixture.assertWaits(sync);
            var second = f.stage(other, cookie, 8L * BLOCK, blocks(9, 1)); // would hang if write-back had it staged
            Fixture.get(Fixture.async(
                    () -> { // nor is a buffer above taken: a transaction may have it
                        Bytes.write(subvolume, 7L * BLOCK, blocks(5, 1));
                        return null;
                    }));
            f.commit(other, cookie, second);
            f.commit(other, cookie, first);
            cookie.put();
            Fixture.get(sync);
            byte[] expected = blocks(1, 10);
            System.arraycopy(blocks(5, 1), 0, expected, 7 * BLOCK, BLOCK);
            assertThat(f.io().read(0, expected.length)).isEqualTo(expected);
        }
    }

    // ---- transactions among each other

    @Test
    public void aBlockBelongsToOneTransactionUntilItEnds() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space());
                Transaction first = subvolume.begin(1)) {
            Bytes.write(first, 0, new byte[] {1});
            FutureTask<byte[]> reader = Fixture.async(() -> Bytes.read(subvolume, 0, 2));
            FutureTask<Void> writer = Fixture.async(() -> {
                Bytes.write(subvolume, 1, new byte[] {2});
                return null;
            });
            Fixture.assertWaits(reader);
            Fixture.assertWaits(writer);
            first.commit();
            assertThat(Fixture.get(reader)[0]).isEqualTo((byte) 1);
            Fixture.get(writer);
            assertThat(Bytes.read(subvolume, 0, 2)).containsExactly(1, 2);
        }
    }

    @Test
    public void waitingOutOfOrderIsRefused() {
        try (Fixture f = fixture();
                Subvolume subvolume = open(f.space());
                Transaction first = subvolume.begin(2);
                Transaction second = subvolume.begin(2)) {
            first.join(1);
            second.join(2);
            assertThatThrownBy(() -> second.join(1)).isInstanceOf(IllegalStateException.class);
            second.join(0); // nobody has it: no wait
            FutureTask<Object> waiting = Fixture.async(() -> first.join(2));
            Fixture.assertWaits(waiting);
            second.commit();
            Fixture.get(waiting);
            first.commit();
        }
    }

    @Test
    public void aSyncWaitsForATransactionThatChangesAgainWhatItMustWrite() {
        try (Fixture f = fixture();
                Subvolume subvolume = written(f);
                Transaction running = subvolume.begin(1)) {
            Bytes.write(running, 0, blocks(2, 1));
            FutureTask<Void> sync = Fixture.async(() -> {
                subvolume.sync();
                return null;
            });
            Fixture.assertWaits(sync);
            running.commit();
            Fixture.get(sync);
            assertThat(f.io().read(0, BLOCK)).isEqualTo(blocks(2, 1));
        }
    }

    @Test
    public void aSyncDoesNotWaitForATransactionThatBeganLater() {
        try (Fixture f = fixture();
                Subvolume subvolume = written(f);
                Transaction running = subvolume.begin(1)) {
            Bytes.write(running, BLOCK, blocks(2, 1));
            Fixture.get(Fixture.async(() -> {
                subvolume.sync();
                return null;
            }));
            assertThat(f.io().read(0, 2 * BLOCK)).isEqualTo(Arrays.copyOf(blocks(1, 1), 2 * BLOCK));
            running.commit();
        }
    }

    // ---- shutdown

    @Test
    public void shutdownDropsWhatIsDirtyAndEveryReservationIsBack() {
        try (Fixture f = fixture()) {
            Subvolume subvolume = open(f.space());
            Bytes.write(subvolume, 0, blocks(1, 4));
            subvolume.sync();
            long allocated = f.status().allocatedBytes();
            Bytes.write(subvolume, 0, blocks(2, 8));
            Transaction running = subvolume.begin(5);
            Bytes.write(running, 2L * BLOCK, blocks(3, 3)); // dirty already, and clean
            Transaction idle = subvolume.begin(3);
            subvolume.shutDown();
            assertThat(TestIo.codeOf(() -> running.change(20))).isIn(Code.CLOSED, Code.CANCELLED);
            assertCode(Code.CLOSED, running::commit);
            running.close();
            idle.close();
            assertThat(f.status().reservedBytes()).isZero();
            assertThat(f.status().allocatedBytes()).isEqualTo(allocated);
            assertCode(Code.CLOSED, () -> subvolume.begin(1));
            assertCode(Code.CLOSED, () -> Bytes.read(subvolume, 0, 1));
            assertCode(Code.CLOSED, subvolume::sync);
            subvolume.shutDown();
            subvolume.close();
            try (Subvolume again = open(f.space())) {
                assertThat(Bytes.read(again, 0, 8 * BLOCK)).isEqualTo(Arrays.copyOf(blocks(1, 4), 8 * BLOCK));
                Bytes.write(again, 0, blocks(4, 4));
            }
        }
    }

    @Test
    public void aTransactionThatChangedSomethingAndIsAbandonedShutsDown() {
        try (Fixture f = fixture()) {
            Subvolume subvolume = open(f.space());
            subvolume.begin(4).close(); // changed nothing: nothing happens
            assertThat(f.status().reservedBytes()).isZero();
            Bytes.write(subvolume, 0, blocks(1, 1));
            try (Transaction transaction = subvolume.begin(1)) {
                transaction.change(0);
            }
            assertCode(Code.CLOSED, () -> subvolume.begin(1));
            assertThat(f.status().reservedBytes()).isZero();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(new byte[BLOCK]);
        }
    }

    @Test
    public void shutdownDoesNotWaitForAClientThatHoldsWhatWriteBackWants() {
        try (Fixture f = fixture()) {
            BlockSpace other = f.space();
            Cookie cookie = other.reserve(1, BLOCK);
            f.stage(other, cookie, 0, blocks(9, 1));
            Subvolume subvolume = open(f.space());
            Bytes.write(subvolume, 0, blocks(1, 4));
            FutureTask<Code> sync = Fixture.async(() -> TestIo.codeOf(subvolume::sync));
            Fixture.assertWaits(sync);
            subvolume.shutDown();
            assertThat(Fixture.get(sync)).isIn(Code.BUSY, Code.CLOSED, Code.CANCELLED);
            cookie.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }
}
