package io.blkspc.xfsish;

import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.xfsish.Bytes.BLOCK;
import static io.blkspc.xfsish.Bytes.blocks;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelFaults.Io;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import io.blkspc.api.model.ModelPool;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes wrong, one thing at a time, on the model. */
class SubvolumeFaultsTest implements ModelHost {

    private Fixture fixture;
    private ModelPool pool;
    private BlockSpace space;
    private Subvolume subvolume;

    @Override
    public ModelOptions options() {
        return ModelOptions.defaults().with(InPlaceRule.WHEN_DURABLE);
    }

    @BeforeEach
    void open() {
        fixture = fixture();
        pool = (ModelPool) fixture.pool();
        space = fixture.space();
        subvolume = Subvolume.open(space, SubvolumeContract.SMALL);
    }

    @AfterEach
    void nothingIsLeft() {
        subvolume.shutDown();
        assertThat(fixture.status().reservedBytes()).isZero();
        fixture.close();
    }

    private byte[] published(int block, int count) {
        return fixture.io().read((long) block * BLOCK, count * BLOCK);
    }

    @Test
    void aFailedWriteKeepsItsOwnBuffersDirtyAndTheNextSyncWritesThem() {
        Bytes.write(subvolume, 0, blocks(1, 4));
        Bytes.write(subvolume, 20L * BLOCK, blocks(2, 4));
        pool.faults().failIo(Io.WRITE, 0); // the first of the device writes, half-way
        assertCode(Code.IO, subvolume::sync);
        assertThat(subvolume.dirtyBlocks()).isBetween(1, 4);
        assertThat(Bytes.read(subvolume, 0, 4 * BLOCK)).isEqualTo(blocks(1, 4));
        subvolume.sync();
        assertThat(subvolume.dirtyBlocks()).isZero();
        assertThat(published(0, 4)).isEqualTo(blocks(1, 4));
        assertThat(published(20, 4)).isEqualTo(blocks(2, 4));
    }

    @Test
    void whatAFailedWriteGotDownIsCommitted() {
        Bytes.write(subvolume, 0, blocks(1, 8));
        pool.faults().failIo(Io.WRITE, 0); // moves half of it
        assertCode(Code.IO, subvolume::writeBack);
        assertThat(subvolume.dirtyBlocks()).isEqualTo(4);
        assertThat(published(0, 8)).isEqualTo(Arrays.copyOf(blocks(1, 4), 8 * BLOCK));
    }

    @Test
    void aBadPlaceKeepsNoOtherBufferDirty() {
        Bytes.write(subvolume, 0, blocks(1, 30));
        subvolume.sync();
        for (int i = 0; i < 10; i++) { // in place, apart from each other: ten device writes
            Bytes.write(subvolume, i * 3L * BLOCK, blocks(i + 50, 1));
        }
        pool.faults().failIo(Io.WRITE, 3);
        assertCode(Code.IO, subvolume::writeBack);
        assertThat(subvolume.dirtyBlocks()).isOne();
        subvolume.sync();
        assertThat(published(27, 1)).isEqualTo(blocks(59, 1));
    }

    @Test
    void aBufferWithAStageLeftOverIsChangedAndWrittenWithTheCookieThatStagedIt() {
        Bytes.write(subvolume, 0, blocks(1, 8));
        pool.faults().failIo(Io.WRITE, 0);
        assertCode(Code.IO, subvolume::sync); // blocks 4 to 7 are staged, by a cookie that all four keep alive
        Bytes.write(subvolume, 5L * BLOCK, blocks(2, 1)); // with a cookie of its own, which is not used
        subvolume.sync();
        assertThat(published(5, 1)).isEqualTo(blocks(2, 1));
        assertThat(fixture.status().reservedBytes()).isZero();
    }

    @Test
    void withAStageLeftOverAboveItDoesNotWaitForAnotherClientThatMayWaitForThatStage() {
        Bytes.write(subvolume, 10L * BLOCK, blocks(1, 1));
        pool.faults().failIo(Io.WRITE, 0);
        assertCode(Code.IO, subvolume::sync);
        BlockSpace other = fixture.space();
        Cookie cookie = other.reserve(2, BLOCK);
        var first = fixture.stage(other, cookie, 5L * BLOCK, blocks(9, 1));
        FutureTask<TestIo.Staged> second = Fixture.async(() -> fixture.stage(other, cookie, 10L * BLOCK, blocks(9, 1)));
        Fixture.assertWaits(second); // in the right order: it holds block 5 and waits for block 10
        Bytes.write(subvolume, 5L * BLOCK, blocks(2, 1));
        assertCode(Code.BUSY, subvolume::sync); // block 5 is left alone, block 10 is finished
        assertThat(subvolume.dirtyBlocks()).isOne();
        fixture.commit(other, cookie, Fixture.get(second));
        fixture.commit(other, cookie, first);
        cookie.put();
        subvolume.sync();
        assertThat(published(5, 1)).isEqualTo(blocks(2, 1));
    }

    @Test
    void stagesLeftOverAreGoneAfterAShutdown() {
        Bytes.write(subvolume, 0, blocks(1, 4));
        pool.faults().failIo(Io.WRITE, 0);
        assertCode(Code.IO, subvolume::sync);
        subvolume.shutDown();
        long mapped = pool.info("vol").mappedBytes();
        assertThat(fixture.status().allocatedBytes()).isEqualTo(mapped);
    }

    @Test
    void aBlockThatCannotBeReadIsReportedAndCanBeReadLater() {
        fixture.io().write(0, blocks(1, 40));
        pool.faults().failIo(Io.READ, 0);
        assertCode(Code.IO, () -> Bytes.read(subvolume, 0, 40 * BLOCK));
        assertThat(Bytes.read(subvolume, 0, 40 * BLOCK)).isEqualTo(blocks(1, 40));
    }

    @Test
    void aTransactionGoesOnAfterAReadError() {
        fixture.io().write(0, blocks(1, 2));
        try (Transaction transaction = subvolume.begin(2)) {
            transaction.change(0).fill((byte) 1);
            pool.faults().failIo(Io.READ, 0);
            assertCode(Code.IO, () -> transaction.write(BLOCK, Bytes.of(new byte[1]), 0, 1));
            transaction.change(1).fill((byte) 2);
            transaction.commit();
        }
        subvolume.sync();
        assertThat(published(1, 1)).containsOnly(2);
    }

    @Test
    void aFailedForceEndsSyncsButWhatIsCachedCanBeRead() {
        Bytes.write(subvolume, 0, blocks(1, 2));
        pool.faults().failIo(Io.FORCE, 0);
        assertCode(Code.IO, subvolume::sync);
        assertCode(Code.FAILED, subvolume::sync);
        assertCode(Code.FAILED, () -> subvolume.begin(1));
        assertThat(Bytes.read(subvolume, 0, 2 * BLOCK)).isEqualTo(blocks(1, 2));
        subvolume.shutDown();
        assertThat(fixture.status().reservedBytes()).isZero();
        fixture.kill(); // a failed pool cannot be closed cleanly
    }

    @Test
    void aTransactionThatNeedsMemoryLearnsWhyThereIsNone() {
        Bytes.write(subvolume, 0, blocks(1, 64)); // all of it
        pool.faults().failIo(Io.WRITE, 0);
        assertCode(Code.IO, () -> subvolume.begin(64));
        Bytes.write(subvolume, 0, blocks(2, 64)); // the next try succeeds
        subvolume.sync();
        assertThat(published(0, 64)).isEqualTo(blocks(2, 64));
    }

    @Test
    void aReserveThatFailsOnceIsTriedAgainAfterWritingBack() {
        Bytes.write(subvolume, 0, blocks(1, 1));
        pool.faults().outOfSpace(0, 1);
        Bytes.write(subvolume, BLOCK, blocks(2, 1));
        assertThat(published(0, 1)).isEqualTo(blocks(1, 1));
        pool.faults().outOfSpace(0, 2);
        assertCode(Code.OUT_OF_SPACE, () -> subvolume.begin(1));
    }

    @Test
    void aVolumeThatIsDestroyedUnderneathFailsAndLeavesNothing() {
        Bytes.write(subvolume, 0, blocks(1, 4));
        pool.destroy(List.of("vol"), true);
        assertCode(Code.CLOSED, subvolume::sync);
        subvolume.shutDown();
        pool.awaitReclaim();
        assertThat(fixture.status().allocatedBytes()).isZero();
    }

    @Test
    void busyAndShortAnswersEverywhere() {
        pool.faults().seed(3).busyAnswers(0.4).shortMappings(0.7);
        byte[] expected = new byte[64 * BLOCK];
        for (int i = 0; i < 100; i++) {
            byte[] data = Fixture.bytes(i, 9000);
            int at = i * 7919 % (64 * BLOCK - data.length);
            Bytes.write(subvolume, at, data);
            System.arraycopy(data, 0, expected, at, data.length);
            if (i % 10 == 0) {
                pool.snapshot(List.of("vol@s" + i));
            }
            if (i % 7 == 0) {
                subvolume.sync();
            }
        }
        subvolume.sync();
        assertThat(published(0, 64)).isEqualTo(expected);
    }
}
