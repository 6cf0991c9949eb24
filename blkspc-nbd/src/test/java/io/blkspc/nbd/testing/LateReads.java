package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.QueuedDevice;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.Transfer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A device that queues reads and completes them late, in an order of its own: it looks at its bytes only then, so that whoever
 * reused them too early is found out. While {@link #held} it completes nothing. The test sets it up before connecting.
 */
public final class LateReads implements QueuedDevice {

    private final BlockDevice below;
    private final SplittableRandom random;

    /** While set, no more than {@link #allowed} complete, one at a time. */
    public volatile boolean held;

    public final AtomicInteger allowed = new AtomicInteger();

    /** While set beside {@link #held}, nobody is told that there is something to receive. */
    public volatile boolean deaf;

    /** Pieces until one throws {@link #planted} instead of a failure; below 1 none does. */
    public final AtomicInteger untilThrow = new AtomicInteger();

    public volatile RuntimeException planted = new IllegalStateException("planted");

    /** The piece that throws is under way all the same. */
    public volatile boolean throwsLate;

    /** Queues throw {@link #planted} once all is complete and they are closed. */
    public volatile boolean closeThrows;

    /** Queues that somebody has begun to close. */
    public final AtomicInteger closing = new AtomicInteger();

    /** Reads that are under way, over all queues. */
    public final AtomicInteger underWay = new AtomicInteger();

    /** Reads that were ever queued. */
    public final AtomicInteger queued = new AtomicInteger();

    public LateReads(BlockDevice below, long seed) {
        this.below = below;
        this.random = new SplittableRandom(seed);
    }

    private synchronized int choose(int bound) {
        return random.nextInt(bound);
    }

    private static final class Read {
        private final Transfer transfer = new Transfer();
        private int tag;
        private MemorySegment target;
    }

    private final class Queue implements ReadQueue {
        private final Read[] waiting;
        private final Read[] complete;
        private final List<Read> spare = new ArrayList<>();
        private int waitingCount;
        private int completeCount;
        private BlockSpaceException failure;
        private final BlockSpaceException[] failures;

        Queue(int depth) {
            waiting = new Read[depth];
            complete = new Read[depth];
            failures = new BlockSpaceException[depth];
            for (int i = 0; i < depth; i++) {
                spare.add(new Read());
            }
        }

        @Override
        public int alignBytes() {
            return Geometry.BLOCK_BYTES;
        }

        @Override
        public void read(int tag, long offset, MemorySegment target, long start, int length, IoRole role) {
            boolean isPlanted = untilThrow.getAndDecrement() == 1;
            if (isPlanted && !throwsLate) {
                throw planted;
            }
            Read read = spare.removeLast();
            read.tag = tag;
            read.target = target;
            read.transfer.reset(offset).add(target, start, length);
            waiting[waitingCount++] = read;
            underWay.incrementAndGet();
            queued.incrementAndGet();
            if (isPlanted) {
                throw planted;
            }
        }

        @Override
        public void start() {}

        @Override
        public void await(int descriptor) {
            if (waitingCount == 0 || completeCount > 0) {
                return;
            }
            if (held && allowed.get() > 0) {
                finish(choose(waitingCount));
                allowed.decrementAndGet();
                return;
            }
            if (held) {
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
                while (deaf) {
                    Thread.onSpinWait();
                }
                if (descriptor >= 0) {
                    return; // there may be something to receive
                }
                while (held) {
                    Thread.onSpinWait();
                }
            }
            for (int count = 1 + choose(waitingCount); count > 0; count--) {
                finish(choose(waitingCount));
            }
        }

        private void finish(int index) {
            Read read = waiting[index];
            waiting[index] = waiting[--waitingCount];
            try {
                below.read(read.transfer, IoRole.DATA);
            } catch (BlockSpaceException e) {
                failures[read.tag] = e;
            }
            if (!read.target.scope().isAlive()) {
                throw new AssertionError("memory was freed under a read");
            }
            read.transfer.reset(0);
            complete[completeCount++] = read;
            underWay.decrementAndGet();
        }

        @Override
        public int poll() {
            if (completeCount == 0) {
                return NONE;
            }
            Read read = complete[--completeCount];
            failure = failures[read.tag];
            failures[read.tag] = null;
            spare.add(read);
            return read.tag;
        }

        @Override
        public BlockSpaceException failure() {
            return failure;
        }

        @Override
        public void close() {
            closing.incrementAndGet();
            while (held && waitingCount > 0) {
                Thread.onSpinWait();
            }
            while (waitingCount > 0) {
                finish(waitingCount - 1);
            }
            if (closeThrows) {
                throw planted;
            }
        }
    }

    @Override
    public ReadQueue openReadQueue(int depth) {
        return new Queue(depth);
    }

    @Override
    public long sizeBytes() {
        return below.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        below.read(transfer, role);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        below.write(transfer, role);
    }

    @Override
    public void force(IoRole role) {
        below.force(role);
    }

    @Override
    public void close() {} // the device below is another's
}
