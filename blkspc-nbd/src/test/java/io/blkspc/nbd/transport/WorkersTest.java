package io.blkspc.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WorkersTest {

    private static final int THREADS = 4;
    private static final long LIMIT_SECONDS = 30; // far beyond any scheduling delay: what takes longer never comes

    /** The last task of a burst used to stay behind the others when the thread of the first had only just taken it. */
    @Test
    void noTaskWaitsWhileThreadsMayBeStarted() throws Exception {
        for (int round = 0; round < 3_000; round++) {
            try (Workers workers = new Workers(THREADS, 64)) {
                Semaphore quick = new Semaphore(0);
                for (int i = 0; i < round % THREADS; i++) {
                    assertThat(workers.offer(quick::release)).isTrue();
                }
                CountDownLatch together = new CountDownLatch(THREADS);
                for (int i = 0; i < THREADS; i++) {
                    assertThat(workers.offer(() -> {
                                together.countDown();
                                awaitUninterrupted(together);
                            }))
                            .isTrue();
                }
                assertThat(together.await(LIMIT_SECONDS, TimeUnit.SECONDS))
                        .as("round=%s, tasks that never started=%s", round, together.getCount())
                        .isTrue();
            }
        }
    }

    @Test
    void moreTasksThanTheBoundAreRefused() throws Exception {
        try (Workers workers = new Workers(1, 2)) {
            CountDownLatch started = new CountDownLatch(1);
            CountDownLatch held = new CountDownLatch(1);
            assertThat(workers.offer(() -> {
                        started.countDown();
                        awaitUninterrupted(held);
                    }))
                    .isTrue();
            assertThat(started.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            Semaphore ran = new Semaphore(0);
            assertThat(workers.offer(ran::release)).isTrue();
            assertThat(workers.offer(ran::release)).isTrue();
            assertThat(workers.offer(ran::release)).isFalse();
            held.countDown();
            assertThat(ran.tryAcquire(2, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(workers.offer(ran::release)).isTrue();
            assertThat(ran.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aTaskThatThrowsCostsNoThread() throws Exception {
        try (Workers workers = new Workers(1, 8)) {
            assertThat(workers.offer(() -> {
                        throw new IllegalStateException("on purpose");
                    }))
                    .isTrue();
            Semaphore ran = new Semaphore(0);
            assertThat(workers.offer(ran::release)).isTrue();
            assertThat(ran.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** A task that was taken runs, whatever becomes of the threads for others; one that nobody could run is not taken. */
    @Test
    void noTaskIsTakenWithoutAThreadForIt() throws Exception {
        AtomicInteger allowed = new AtomicInteger();
        try (Workers workers = new Workers(THREADS, 8, body -> new Thread(body) {
            @Override
            public synchronized void start() {
                if (allowed.getAndDecrement() <= 0) {
                    throw new OutOfMemoryError("planted");
                }
                super.start();
            }
        })) {
            Semaphore ran = new Semaphore(0);
            assertThat(workers.offer(ran::release)).isFalse();
            assertThat(workers.offer(ran::release)).isFalse();
            allowed.set(1);
            for (int i = 0; i < 5; i++) { // one thread, and none for more
                assertThat(workers.offer(ran::release)).isTrue();
            }
            assertThat(ran.tryAcquire(5, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(ran.availablePermits()).isZero();
            assertThat(workers.faults()).isZero();
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            assertThat(latch.await(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts a worker", e);
        }
    }
}
