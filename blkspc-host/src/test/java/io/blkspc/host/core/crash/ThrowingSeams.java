package io.blkspc.host.core.crash;

import io.blkspc.host.core.ForwardingNodes;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sched.Waiters;
import io.blkspc.host.sim.InertScheduler;
import java.lang.foreign.MemorySegment;

/**
 * Everything the engine is given from outside, for one thread: IO before and after its effect, locks, clock, waiting, and the
 * node store. The N-th call throws.
 */
final class ThrowingSeams implements Scheduler {

    /** What is thrown. */
    enum Kind {
        OUT_OF_MEMORY,
        STACK_OVERFLOW,
        INTERNAL,
        RUNTIME;

        private Throwable make() {
            return switch (this) {
                case OUT_OF_MEMORY -> new OutOfMemoryError("planted");
                case STACK_OVERFLOW -> new StackOverflowError("planted");
                case INTERNAL -> new InternalError("planted");
                case RUNTIME -> new IllegalStateException("planted");
            };
        }
    }

    private final InertScheduler inert = new InertScheduler();
    private final Kind kind;
    private final long at;
    private long calls;
    private boolean armed;
    private String fired = "";

    ThrowingSeams(Kind kind, long at) {
        this.kind = kind;
        this.at = at;
    }

    /** From now on calls are counted. */
    void arm() {
        armed = true;
    }

    void disarm() {
        armed = false;
    }

    /** Runs something whose calls do not count. */
    void pauseCounting(Runnable work) {
        boolean before = armed;
        armed = false;
        work.run();
        armed = before;
    }

    /** What threw, or nothing. */
    String fired() {
        return fired;
    }

    boolean hasFired() {
        return !fired.isEmpty();
    }

    /** {@code true} for what was thrown here, and for what was thrown because of it. */
    static boolean isPlanted(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if ("planted".equals(t.getMessage())) {
                return true;
            }
        }
        return false;
    }

    private void call(String what) {
        if (armed && ++calls == at) {
            fired = kind + " at call " + at + ", " + what;
            throw ThrowingSeams.<RuntimeException>sneak(kind.make());
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Override
    public OrderLock newLock(String name) {
        OrderLock lock = inert.newLock(name);
        return new OrderLock() {
            @Override
            public void lock() {
                lock.lock();
            }

            @Override
            public void unlock() {
                lock.unlock();
            }

            @Override
            public boolean await(long nanos) {
                call("wait for lock " + name);
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

            // One task runs: one queue is as good as another.
            @Override
            public Waiters newWaiters() {
                return this;
            }

            @Override
            public boolean isHeld() {
                return lock.isHeld();
            }
        };
    }

    @Override
    public long nanoTime() {
        call("clock");
        return inert.nanoTime();
    }

    @Override
    public void pause(long nanos) {
        call("pause");
        inert.pause(nanos);
    }

    @Override
    public void yieldPoint(String what) {
        call(what);
    }

    /** A node store whose calls count too. */
    NodeStore on(NodeStore store) {
        return new ForwardingNodes(store) {
            @Override
            public boolean read(long nodeId, MemorySegment target) {
                call("node read");
                return super.read(nodeId, target);
            }

            @Override
            public void put(long nodeId, MemorySegment image) {
                call("node put");
                super.put(nodeId, image);
                call("node put done");
            }

            @Override
            public void remove(long nodeId) {
                call("node remove");
                super.remove(nodeId);
            }

            @Override
            public long size() {
                call("node store size");
                return super.size();
            }
        };
    }
}
