package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sched.Waiters;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import org.junit.jupiter.api.Test;

/** Contract D5: a command that gets its turn right after the last checkpoint of a stop must not seem to succeed. */
class CloseRaceTest {

    private final InertScheduler inert = new InertScheduler();
    private final SimDisk disk = new SimDisk(inert, 1);
    private Runnable afterUnlock = () -> {};

    /** Lets something happen whenever the order lock was given back. */
    private final class Hooked implements Scheduler {
        @Override
        public OrderLock newLock(String name) {
            OrderLock lock = inert.newLock(name);
            return name.equals("order") ? new HookedLock(lock) : lock;
        }

        @Override
        public long nanoTime() {
            return inert.nanoTime();
        }

        @Override
        public void pause(long nanos) {
            inert.pause(nanos);
        }

        @Override
        public void yieldPoint(String what) {}
    }

    private final class HookedLock implements OrderLock {
        private final OrderLock lock;

        HookedLock(OrderLock lock) {
            this.lock = lock;
        }

        @Override
        public void lock() {
            lock.lock();
        }

        @Override
        public void unlock() {
            lock.unlock();
            afterUnlock.run();
        }

        @Override
        public boolean await(long nanos) {
            return lock.await(nanos);
        }

        @Override
        public void signal() {
            lock.signal();
        }

        @Override
        public void signalAll() {
            lock.signalAll();
        }

        @Override
        public Waiters newWaiters() {
            return lock.newWaiters();
        }

        @Override
        public boolean isHeld() {
            return lock.isHeld();
        }
    }

    @Test
    void aCommandThatMeetsTheStopIsRefused() {
        SimPool.create(disk, inert, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2);
        HostPool pool = SimPool.on(disk, new Hooked(), 3).open();
        pool.create("a", 1 << 20);
        long forces = disk.count(IoRole.SUPERBLOCK, IoOp.FORCE);
        boolean[] met = new boolean[1];
        afterUnlock = () -> {
            if (disk.count(IoRole.SUPERBLOCK, IoOp.FORCE) > forces) {
                afterUnlock = () -> {};
                met[0] = true;
                assertThatThrownBy(() -> pool.create("late", 1 << 20)).isInstanceOf(BlockSpaceException.class);
            }
        };
        pool.close();
        assertThat(met[0]).isTrue();
        HostPool again = SimPool.on(disk.killImage(), new InertScheduler(), 5).open();
        assertThat(again.list()).extracting(info -> info.name()).containsExactly("a");
    }
}
