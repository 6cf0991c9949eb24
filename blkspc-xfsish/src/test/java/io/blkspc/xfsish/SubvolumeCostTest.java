package io.blkspc.xfsish;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What the client costs by itself: heap, and how many IOs and commits it makes of many small changes. */
class SubvolumeCostTest {

    private static final int BLOCK = 4096;
    private static final int BUFFERS = 128;

    private final FlatSpace space = new FlatSpace(16L << 20);
    private final Subvolume subvolume = Subvolume.open(space, new SubvolumeConfig(256, 64));
    private final MemorySegment data = Arena.ofAuto().allocate(BUFFERS * BLOCK);

    /** One transaction of many buffers, partly read first, and its write-back. */
    private void round(int number) {
        long offset = (number * 31L % 100) * 16 * BLOCK + number % 2 * 100L;
        try (Transaction transaction = subvolume.begin(BUFFERS)) {
            transaction.write(offset, data, 0, (BUFFERS - 1) * BLOCK);
            transaction.commit();
        }
        subvolume.sync();
        subvolume.read(offset, 20 * BLOCK, data, 0);
    }

    @Test
    void changingAndWritingABufferAllocatesNothing() {
        for (int i = 0; i < 300; i++) {
            round(i);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int rounds = 200;
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < rounds; i++) {
            round(i);
        }
        long perRound = (threads.getCurrentThreadAllocatedBytes() - before) / rounds;
        System.out.println("heap bytes per transaction of " + BUFFERS + " buffers: " + perRound);
        assertThat(perRound).isLessThan(4 * BUFFERS); // a transaction is an object, a buffer is not
        assertThat(space.references()).isZero();
    }

    @Test
    void neighboursOfOneTransactionAreOneDeviceWriteAndOneCommit() {
        try (Transaction transaction = subvolume.begin(BUFFERS)) {
            transaction.write(0, data, 0, BUFFERS * BLOCK);
            transaction.commit();
        }
        subvolume.sync();
        assertThat(space.deviceWrites).isOne();
        assertThat(space.commits).isOne();
        assertThat(space.bytesWritten).isEqualTo(BUFFERS * BLOCK);
    }

    @Test
    void changesOfManyTransactionsToOneBlockAreOneWrite() {
        for (int i = 0; i < 100; i++) {
            try (Transaction transaction = subvolume.begin(1)) {
                transaction.write(i * 10L, data, 0, 10);
                transaction.commit();
            }
        }
        subvolume.sync();
        assertThat(space.bytesWritten).isEqualTo(BLOCK);
        assertThat(space.references()).isZero();
    }
}
