package io.blkspc.api.contract;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * Heap bytes of work that is done again and again, once the compiler has been through it. Rounds of it allocate until then; and a
 * method that is compiled once more, as a part of another caller, may allocate again. So it is steady after some rounds in a row, and
 * whatever ran before in the process makes no difference but to how many come before those.
 */
public final class SteadyHeap {

    /** Rounds in a row. */
    private static final int ROUNDS = 5;

    /** A busy machine may take long to compile. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Work of which each round is alike. */
    public interface Round<X extends Throwable> {
        void run() throws X;
    }

    /** A round that counts what it allocates itself. */
    public interface CountedRound<X extends Throwable> {
        /** Returns heap bytes. */
        long run() throws X;
    }

    private SteadyHeap() {}

    /** As {@link #ofCounted}, of what the current thread allocates in a round. */
    public static <X extends Throwable> long ofThisThread(long mostBytes, Round<X> round) throws X {
        return ofCounted(mostBytes, () -> {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            round.run();
            return THREADS.getCurrentThreadAllocatedBytes() - before;
        });
    }

    /** As {@link #ofCounted}, of what the threads whose name matches an expression allocate during a round. */
    public static <X extends Throwable> long ofThreads(String names, long mostBytes, Round<X> round) throws X {
        return ofCounted(mostBytes, () -> {
            long before = allocatedBy(names);
            round.run();
            return allocatedBy(names) - before;
        });
    }

    /**
     * Repeats a round until it is steady, or does not become so.
     *
     * @param mostBytes what a steady round allocates; less than an object for each request in it
     * @return the bytes of the worst of the steady rounds; more than {@code mostBytes} when there were not enough of them
     */
    public static <X extends Throwable> long ofCounted(long mostBytes, CountedRound<X> round) throws X {
        long giveUp = System.nanoTime() + PATIENCE_NANOS;
        long worst = 0;
        int steady = 0;
        while (steady < ROUNDS) {
            long bytes = round.run();
            boolean isSteady = bytes >= 0 && bytes <= mostBytes; // less than 0: a thread has ended
            worst = steady == 0 || !isSteady ? bytes : Math.max(worst, bytes);
            steady = isSteady ? steady + 1 : 0;
            if (!isSteady && System.nanoTime() - giveUp > 0) {
                return bytes < 0 ? Long.MAX_VALUE : bytes;
            }
        }
        return worst;
    }

    private static long allocatedBy(String names) {
        long sum = 0;
        for (long id : THREADS.getAllThreadIds()) {
            var info = THREADS.getThreadInfo(id);
            if (info != null && info.getThreadName().matches(names)) {
                sum += THREADS.getThreadAllocatedBytes(id);
            }
        }
        return sum;
    }
}
