package io.blkspc.host.sim;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sim.SimTask.State;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs tasks one at a time. At every lock, wait, pause, yield point and simulated IO the seed decides who goes on, so one
 * seed is one history. Time is virtual: a step takes a microsecond, sometimes much more, and when everyone sleeps the clock
 * jumps.
 *
 * <p>A crash ends every task with {@link SimCrash} at its next step; from then on nobody can do IO or take a lock, so what
 * the disk holds is what it held at the crash. Tasks must not block on anything real for each other's sake.
 *
 * <p>Use: {@code spawn} tasks, {@link #run}, look, perhaps spawn and run again. Not thread safe outside its own tasks.
 */
public final class SimScheduler implements Scheduler {

    private static final long STEP_NANOS = 1_000;
    private static final long REAL_BLOCK_NANOS = 10_000_000_000L;
    private static final int CRASHES_BEFORE_GIVING_UP = 1_000;

    private final SplittableRandom random;
    private final int stickiness;
    private final SimThreads threads = new SimThreads();
    private final List<SimTask> tasks = new ArrayList<>();
    private final List<SimTask> runnable = new ArrayList<>();
    private int spawned;
    private int ordinaryTasks;
    private long now = 1_000_000_000L;
    private long nextDeadline = SimTask.NEVER;
    private long step;
    private long stepLimit = 20_000_000L;
    private long crashStep = -1;
    private long traceHash;
    private boolean isCrashed;
    private boolean isUnwinding;
    private Throwable firstFailure;
    private Thread driver;
    private volatile SimTask running;
    // Handed from the task that stops to the driver; null when nobody is left.
    private SimTask next;
    private volatile boolean isHandedOver;

    /** A scheduler whose every choice follows the seed. */
    public SimScheduler(long seed) {
        random = new SplittableRandom(seed);
        // Some histories switch at every step, some seldom: different bugs need different ones.
        stickiness = new int[] {0, 8, 15}[random.nextInt(3)];
    }

    /** Adds a task; {@link #run} waits for it. */
    public void spawn(String name, Runnable body) {
        add(name, body, false);
    }

    /** Adds a task that is ended when the others are done. */
    public void spawnDaemon(String name, Runnable body) {
        add(name, body, true);
    }

    /** The step at which everything crashes, counted as {@link #steps}; -1 for never. */
    public SimScheduler crashAt(long atStep) {
        crashStep = atStep;
        return this;
    }

    /** More steps than this are taken for a live-lock. */
    public SimScheduler stepLimit(long limit) {
        stepLimit = limit;
        return this;
    }

    /** Crashes now, from inside a task: does not return. From outside it takes effect when {@link #run} goes on. */
    public void crash() {
        isCrashed = true;
        unwindAll();
        if (current() != null) {
            throw new SimCrash();
        }
    }

    /** {@code true} once a crash struck: nothing a task learns from then on counts. */
    public boolean isCrashed() {
        return isCrashed;
    }

    /** Steps taken so far. */
    public long steps() {
        return step;
    }

    /** A hash of who ran when and where: equal for two runs of one seed. */
    public long traceHash() {
        return traceHash;
    }

    /**
     * Runs until every ordinary task is done or the crash struck.
     *
     * @return {@code false} after a crash
     * @throws IllegalStateException when the tasks dead-lock or exceed the step limit; names who waits for what
     */
    public boolean run() {
        driver = Thread.currentThread();
        threads.drive(driver);
        next = ordinaryTasks > 0 ? choose(null) : stopDaemons();
        while (next != null) {
            resume(next);
        }
        running = null;
        isUnwinding = isCrashed;
        rethrowFailure();
        return !isCrashed;
    }

    private void rethrowFailure() {
        Throwable failure = firstFailure;
        firstFailure = null;
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException unchecked) {
            throw unchecked;
        }
    }

    private void resume(SimTask task) {
        isHandedOver = false;
        running = task;
        task.mayRun = true;
        if (task.thread.getState() == Thread.State.NEW) {
            task.thread.start();
        } else {
            LockSupport.unpark(task.thread);
        }
        long blockedSince = 0;
        while (!isHandedOver) {
            if (threads.runQueued()) {
                blockedSince = 0;
                continue;
            }
            // Not in one of our waits: it blocks on something real, or runs in a thread of its own.
            blockedSince = blockedSince == 0 ? System.nanoTime() : blockedSince;
            if (System.nanoTime() - blockedSince > REAL_BLOCK_NANOS) {
                throw new IllegalStateException("a task blocks outside the scheduler:\n" + dump());
            }
            LockSupport.parkNanos(this, 1_000_000);
        }
    }

    private void add(String name, Runnable body, boolean isDaemon) {
        SimTask task = new SimTask(name, spawned++, isDaemon, self -> threads.make(name, () -> runBody(self, body)));
        tasks.add(task);
        ordinaryTasks += isDaemon ? 0 : 1;
        wake(task);
    }

    private void runBody(SimTask self, Runnable body) {
        try {
            awaitTurn(self);
            checkCrash(self);
            body.run();
        } catch (SimCrash e) {
            // The end of this task.
        } catch (Throwable e) {
            // What a task throws after the crash is of no interest: it is dead.
            if (!isUnwinding) {
                failWith(e);
            }
        }
        finish(self);
    }

    private void failWith(Throwable failure) {
        firstFailure = failure;
        unwindAll();
    }

    private void finish(SimTask self) {
        removeRunnable(self);
        self.state = State.DONE;
        tasks.remove(self);
        ordinaryTasks -= self.isDaemon ? 0 : 1;
        if (ordinaryTasks == 0 && !tasks.isEmpty() && !isUnwinding) {
            next = stopDaemons();
        } else {
            next = tasks.isEmpty() ? null : choose(null);
        }
        handOver();
    }

    private SimTask stopDaemons() {
        unwindAll();
        return tasks.isEmpty() ? null : choose(null);
    }

    // ---- steps ----

    @Override
    public void yieldPoint(String what) {
        SimTask self = current();
        if (self == null) {
            return;
        }
        countStep(self, what);
        SimTask chosen = choose(self);
        if (chosen != self) {
            switchTo(chosen, self);
        }
        checkCrash(self);
    }

    private void countStep(SimTask self, String what) {
        checkCrash(self);
        self.lastPoint = what;
        step++;
        traceHash = mix(traceHash, what.hashCode() * 31L + self.number);
        now += STEP_NANOS;
        if (random.nextInt(64) == 0) {
            now += random.nextLong(1_000_000);
        }
        if (step == crashStep) {
            crash();
        }
        if (step > stepLimit) {
            throw new IllegalStateException("no end after steps=" + step + ":\n" + dump());
        }
        wakeDue();
    }

    /** Takes the running task off until it is woken or its deadline passes. */
    void block(SimTask self, State state, SimLock lock, long deadline) {
        removeRunnable(self);
        self.state = state;
        self.lock = lock;
        self.deadline = deadline;
        nextDeadline = Math.min(nextDeadline, deadline);
        countBlocked(self);
        SimTask chosen = choose(null);
        if (chosen != self) {
            switchTo(chosen, self);
        }
        self.lock = null;
        checkCrash(self);
    }

    // A step like any other, but a crash here must leave the task runnable, so that it can unwind.
    private void countBlocked(SimTask self) {
        checkCrash(self);
        step++;
        traceHash = mix(traceHash, self.state.name().hashCode() * 31L + self.number);
        if (step == crashStep) {
            crash();
        }
    }

    /** Makes a task runnable, whatever it waited for. */
    void wake(SimTask task) {
        if (task.runnableIndex < 0) {
            task.state = State.RUNNABLE;
            task.deadline = SimTask.NEVER;
            task.runnableIndex = runnable.size();
            runnable.add(task);
        }
    }

    private void removeRunnable(SimTask task) {
        int index = task.runnableIndex;
        if (index >= 0) {
            SimTask last = runnable.removeLast();
            if (last != task) {
                runnable.set(index, last);
                last.runnableIndex = index;
            }
            task.runnableIndex = -1;
        }
    }

    private void wakeDue() {
        if (now < nextDeadline) {
            return;
        }
        nextDeadline = SimTask.NEVER;
        for (SimTask task : tasks) {
            if (task.deadline <= now) {
                if (task.lock != null) {
                    task.lock.timedOut(task);
                }
                wake(task);
            } else {
                nextDeadline = Math.min(nextDeadline, task.deadline);
            }
        }
    }

    private SimTask choose(SimTask self) {
        while (runnable.isEmpty()) {
            if (nextDeadline == SimTask.NEVER) {
                failWith(new IllegalStateException("every task waits for another:\n" + dump()));
            } else {
                now = Math.max(now, nextDeadline);
                wakeDue();
            }
        }
        if (self != null && (runnable.size() == 1 || random.nextInt(16) < stickiness)) {
            return self;
        }
        return runnable.get(random.nextInt(runnable.size()));
    }

    private void switchTo(SimTask chosen, SimTask self) {
        next = chosen;
        self.mayRun = false;
        handOver();
        awaitTurn(self);
    }

    private void handOver() {
        isHandedOver = true;
        if (!SimThreads.runInDriver()) {
            LockSupport.unpark(driver);
        }
    }

    private static void awaitTurn(SimTask self) {
        while (!self.mayRun) {
            LockSupport.park();
        }
    }

    private void unwindAll() {
        isUnwinding = true;
        tasks.forEach(this::wake);
    }

    private void checkCrash(SimTask self) {
        if (!isUnwinding) {
            return;
        }
        if (++self.crashesThrown > CRASHES_BEFORE_GIVING_UP) {
            firstFailure = firstFailure != null
                    ? firstFailure
                    : new IllegalStateException("a task swallows the crash and goes on:\n" + self.describe());
            // Nothing ends it, so it is left parked for good.
            finish(self);
            while (true) {
                LockSupport.park();
            }
        }
        throw new SimCrash();
    }

    /** {@code true} while tasks are being ended: locks then only pretend. */
    boolean isUnwinding() {
        return isUnwinding;
    }

    /** The task this is called from, or null. */
    SimTask current() {
        SimTask task = running;
        return task != null && task.thread.equals(Thread.currentThread()) ? task : null;
    }

    private String dump() {
        StringBuilder text = new StringBuilder();
        tasks.forEach(task -> text.append(task.describe()));
        return text.toString();
    }

    // ---- Scheduler ----

    @Override
    public OrderLock newLock(String name) {
        return new SimLock(this, name);
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public void pause(long nanos) {
        SimTask self = current();
        if (self == null) {
            now += Math.max(0, nanos);
        } else if (nanos <= 0) {
            yieldPoint("pause");
        } else {
            block(self, State.SLEEPING, null, deadlineAfter(nanos));
        }
    }

    long deadlineAfter(long nanos) {
        return nanos > SimTask.NEVER - now ? SimTask.NEVER : now + Math.max(0, nanos);
    }

    /** Mixes one value into a hash; order matters. */
    static long mix(long hash, long value) {
        long z = (hash ^ value) * 0x9E3779B97F4A7C15L;
        return z ^ (z >>> 29);
    }
}
