package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sched.Waiters;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /**
     * Whoever still forces when the pool has been marked clean finds its devices closed. Nothing is lost by that, and nobody may be
     * told that it was.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aForceThatMeetsTheStopIsNoFailureOfThePool(boolean isFlush) {
        SimPool.create(disk, inert, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2);
        SimScheduler scheduler = new SimScheduler(3);
        SimDisk here = disk.killImage().use(scheduler);
        HostPool pool = SimPool.on(here, scheduler, 3).open();
        pool.create("a", 1 << 20);
        new TestIo(pool.open("a")).write(0, new byte[4096]); // so that there are records to force as well
        boolean[] isFirst = {true};
        here.whileForced(event -> {
            if (isFirst[0]) {
                isFirst[0] = false;
                scheduler.pause(500_000_000); // until the pool is closed
            }
            return null;
        });
        List<Code> told = new ArrayList<>();
        long begin = scheduler.nanoTime();
        for (int caller = 0; caller < 3; caller++) {
            scheduler.spawn(
                    "caller",
                    () -> told.add(TestIo.codeOf(isFlush ? pool::flush : pool.engine().persistence::persistPublished)));
        }
        scheduler.spawn("closer", () -> {
            scheduler.pause(10_000_000);
            pool.close();
        });
        scheduler.run();
        assertThat(told).containsExactly(Code.CLOSED, Code.CLOSED, Code.CLOSED);
        assertThat(scheduler.nanoTime() - begin).as("nobody waits on").isLessThan(600_000_000L);
        assertThat(pool.failure()).isNull();
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.CLOSED);
        assertThat(pool.events(0)).extracting(PoolEvent::kind).doesNotContain(PoolEvent.Kind.FAILED);
        assertThat(SimPool.on(here.killImage().use(inert), inert, 5)
                        .open()
                        .status()
                        .cleanOpen())
                .isTrue();
    }
}
