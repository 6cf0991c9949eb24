package io.blkspc.host.sched;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SystemSchedulerTest {

    private final Scheduler scheduler = new SystemScheduler();
    private final OrderLock lock = scheduler.newLock("test");

    @Test
    void lockIsHeldByOneThreadAndNotReentrant() throws Exception {
        lock.lock();
        assertThat(lock.isHeld()).isTrue();
        assertThatThrownBy(lock::lock).isInstanceOf(IllegalStateException.class).hasMessageContaining("test");
        AtomicBoolean isHeldByOther = new AtomicBoolean(true);
        Thread other = new Thread(() -> isHeldByOther.set(lock.isHeld()));
        other.start();
        other.join();
        assertThat(isHeldByOther).isFalse();
        lock.unlock();
        assertThat(lock.isHeld()).isFalse();
        assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
        assertThatThrownBy(() -> lock.await(1)).isInstanceOf(IllegalMonitorStateException.class);
        assertThatThrownBy(lock::signalAll).isInstanceOf(IllegalMonitorStateException.class);
    }

    @Test
    void waitEndsBySignalAndSurvivesInterrupts() throws Exception {
        for (long nanos : new long[] {Long.MAX_VALUE, 600_000_000_000L}) {
            AtomicReference<Boolean> isSignalled = new AtomicReference<>();
            AtomicBoolean isInterrupted = new AtomicBoolean();
            AtomicBoolean isReady = new AtomicBoolean();
            CountDownLatch isHolding = new CountDownLatch(1);
            Thread waiter = new Thread(() -> {
                lock.lock();
                isHolding.countDown();
                boolean result = true;
                while (!isReady.get()) {
                    result = lock.await(nanos);
                }
                isSignalled.set(result);
                isInterrupted.set(Thread.currentThread().isInterrupted());
                lock.unlock();
            });
            waiter.start();
            isHolding.await();
            for (int i = 0; i < 100; i++) {
                waiter.interrupt();
                Thread.onSpinWait();
            }
            lock.lock();
            isReady.set(true);
            lock.signalAll();
            lock.unlock();
            waiter.join();
            assertThat(isSignalled.get()).isTrue();
            assertThat(isInterrupted).isTrue();
        }
    }

    @Test
    void aSignalWakesItsOwnQueue() throws Exception {
        Waiters[] queues = {lock.newWaiters(), lock.newWaiters()};
        CountDownLatch areWaiting = new CountDownLatch(2);
        boolean[] isReady = new boolean[2];
        Thread[] threads = new Thread[2];
        for (int i = 0; i < 2; i++) {
            int mine = i;
            threads[i] = new Thread(() -> {
                lock.lock();
                areWaiting.countDown();
                while (!isReady[mine]) {
                    queues[mine].await(Long.MAX_VALUE);
                }
                lock.unlock();
            });
            threads[i].setDaemon(true);
            threads[i].start();
        }
        areWaiting.await();
        for (int i : new int[] {1, 0}) {
            lock.lock();
            isReady[i] = true;
            queues[i].signal();
            lock.unlock();
            threads[i].join(60_000);
            assertThat(threads[i].isAlive()).isFalse();
        }
        assertThatThrownBy(queues[0]::signal).isInstanceOf(IllegalMonitorStateException.class);
    }

    @Test
    void signalThatComesWhileAnInterruptedWaiterTakesTheLockIsNotMissed() throws Exception {
        CountDownLatch isHolding = new CountDownLatch(1);
        AtomicReference<Boolean> isSignalled = new AtomicReference<>();
        Thread waiter = new Thread(() -> {
            lock.lock();
            isHolding.countDown();
            isSignalled.set(lock.await(600_000_000_000L));
            lock.unlock();
        });
        waiter.setDaemon(true);
        waiter.start();
        isHolding.await();
        lock.lock();
        waiter.interrupt();
        // It has seen the interrupt and left the condition, and now queues for the lock that we hold.
        while (waiter.isInterrupted()) {
            Thread.onSpinWait();
        }
        scheduler.pause(10_000_000);
        lock.signalAll();
        lock.unlock();
        waiter.join(60_000);
        assertThat(isSignalled.get()).isTrue();
    }

    @Test
    void waitWithoutSignalTimesOutAndHoldsTheLockAgain() {
        lock.lock();
        assertThat(lock.await(1_000)).isFalse();
        assertThat(lock.await(0)).isFalse();
        assertThat(lock.isHeld()).isTrue();
        lock.unlock();
    }

    @Test
    void pauseIsNotCutShortByAnInterruptAndKeepsIt() {
        long start = scheduler.nanoTime();
        Thread.currentThread().interrupt();
        scheduler.pause(20_000_000);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(scheduler.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
        scheduler.pause(0);
        scheduler.pause(-1);
        scheduler.yieldPoint("nothing happens");
    }
}
