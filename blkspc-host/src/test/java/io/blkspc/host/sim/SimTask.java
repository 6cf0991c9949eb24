package io.blkspc.host.sim;

/** One task of a {@link SimScheduler}. Its fields are the scheduler's; only {@link #mayRun} is seen by two threads. */
final class SimTask {

    /** What a task does, or waits for. */
    enum State {
        RUNNABLE,
        SLEEPING,
        LOCKING,
        WAITING,
        DONE
    }

    static final long NEVER = Long.MAX_VALUE;

    final String name;
    final int number;
    final boolean isDaemon;
    final Thread thread;
    State state = State.RUNNABLE;
    /** Position in the list of runnable tasks, or -1. */
    int runnableIndex = -1;
    /** When a sleep or timed wait ends, in virtual nanoseconds. */
    long deadline = NEVER;
    /** Whether a wait was ended by a signal. */
    boolean isSignalled;

    SimLock lock;
    String lastPoint = "start";
    int crashesThrown;
    /** Set by the driver before it wakes the thread: wakeups without it are spurious. */
    volatile boolean mayRun;

    SimTask(String name, int number, boolean isDaemon, java.util.function.Function<SimTask, Thread> threads) {
        this.name = name;
        this.number = number;
        this.isDaemon = isDaemon;
        this.thread = threads.apply(this);
    }

    String describe() {
        StringBuilder text = new StringBuilder("  ").append(name).append(": ").append(state);
        if (lock != null) {
            text.append(" ").append(lock.describe());
        }
        if (deadline != NEVER) {
            text.append(" until=").append(deadline);
        }
        text.append(" lastPoint=").append(lastPoint).append('\n');
        int shown = 0;
        for (StackTraceElement frame : thread.getStackTrace()) {
            boolean isOurs = !frame.getClassName().startsWith("java.")
                    && !frame.getClassName().startsWith("jdk.");
            if (isOurs && shown++ < 12) {
                text.append("      at ").append(frame).append('\n');
            }
        }
        return text.toString();
    }
}
