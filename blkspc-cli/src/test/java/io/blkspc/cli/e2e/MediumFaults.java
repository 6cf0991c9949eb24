package io.blkspc.cli.e2e;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** What {@link RecordingDisks} do to writes: nothing to begin with. Any thread may call anything. */
final class MediumFaults {

    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger held = new AtomicInteger();
    private volatile Predicate<ByteBuffer> refuses = MediumFaults::none;
    private volatile Predicate<ByteBuffer> holds = MediumFaults::none;
    private volatile CountDownLatch release = new CountDownLatch(0);

    /** From now on writes of such bytes change nothing on the disk and are answered with EIO. */
    void refuse(Predicate<ByteBuffer> bytes) {
        refused.set(0);
        refuses = bytes;
    }

    /** From now on writes of such bytes wait; others, and flushes, do not wait for them. */
    void hold(Predicate<ByteBuffer> bytes) {
        held.set(0);
        release = new CountDownLatch(1);
        holds = bytes;
    }

    /** What waits is done, and nothing waits any more. */
    void release() {
        holds = MediumFaults::none;
        release.countDown();
    }

    /** From now on nothing is refused. */
    void mend() {
        refuses = MediumFaults::none;
    }

    private static boolean none(ByteBuffer bytes) {
        return false;
    }

    /** Writes answered with EIO since {@link #refuse}. */
    int refused() {
        return refused.get();
    }

    /** Writes that came to wait since {@link #hold}. */
    int held() {
        return held.get();
    }

    boolean refuses(ByteBuffer bytes) {
        boolean isRefused = refuses.test(bytes);
        if (isRefused) {
            refused.incrementAndGet();
        }
        return isRefused;
    }

    boolean holds(ByteBuffer bytes) {
        boolean isHeld = holds.test(bytes);
        if (isHeld) {
            held.incrementAndGet();
        }
        return isHeld;
    }

    void awaitRelease() throws InterruptedException {
        release.await();
    }
}
