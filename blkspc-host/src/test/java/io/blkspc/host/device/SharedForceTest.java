package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SharedForceTest {

    @Test
    void callersThatComeDuringAForceShareTheNextOne() throws Exception {
        SharedForce shared = new SharedForce();
        AtomicInteger forces = new AtomicInteger();
        CountDownLatch isRunning = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        SharedForce.Action action = () -> {
            if (forces.incrementAndGet() == 1) {
                isRunning.countDown();
                awaitQuietly(mayEnd);
            }
            return true;
        };
        Thread first = new Thread(() -> shared.force(action));
        first.start();
        isRunning.await();
        List<Thread> late = new ArrayList<>();
        AtomicInteger served = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            Thread caller = new Thread(() -> served.addAndGet(shared.force(action) ? 1 : 0));
            caller.start();
            late.add(caller);
        }
        while (shared.waiting() < 10) {
            Thread.onSpinWait();
        }
        assertThat(served.get()).isZero();
        mayEnd.countDown();
        for (Thread caller : late) {
            caller.join();
        }
        first.join();
        assertThat(served.get()).isEqualTo(10);
        assertThat(forces.get()).isEqualTo(2);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The medium takes what was written when its force began; nobody may return with less than what they wrote. */
    @Test
    void nobodyIsServedByAForceThatBeganEarlier() throws Exception {
        SharedForce shared = new SharedForce();
        AtomicLong written = new AtomicLong();
        AtomicLong durable = new AtomicLong();
        SharedForce.Action action = () -> {
            long covered = written.get();
            for (int i = 0; i < 50; i++) {
                Thread.onSpinWait();
            }
            durable.accumulateAndGet(covered, Math::max);
            return true;
        };
        try (var pool = Executors.newFixedThreadPool(8)) {
            List<Future<?>> callers = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                callers.add(pool.submit(() -> {
                    for (int i = 0; i < 5_000; i++) {
                        long mine = written.incrementAndGet();
                        assertThat(shared.force(action)).isTrue();
                        assertThat(durable.get()).isGreaterThanOrEqualTo(mine);
                    }
                }));
            }
            for (Future<?> caller : callers) {
                caller.get();
            }
        }
    }

    @Test
    void waitersOfAFailedForceFailAndNothingIsForcedAgain() throws Exception {
        SharedForce shared = new SharedForce();
        AtomicInteger forces = new AtomicInteger();
        CountDownLatch isRunning = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        SharedForce.Action action = () -> {
            forces.incrementAndGet();
            isRunning.countDown();
            awaitQuietly(mayEnd);
            return false;
        };
        AtomicInteger served = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Thread caller = new Thread(() -> served.addAndGet(shared.force(action) ? 1 : 0));
            caller.start();
            callers.add(caller);
        }
        isRunning.await();
        mayEnd.countDown();
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(served.get()).isZero();
        assertThat(forces.get()).isEqualTo(1);
        assertThat(shared.force(action)).isFalse();
        assertThat(forces.get()).isEqualTo(1);
    }
}
