package io.blkspc.host.sim;

import java.lang.reflect.Constructor;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;

/**
 * Virtual threads whose code runs inside the thread that calls {@link #runQueued}: a switch between tasks is then a method
 * call of the driver, without another operating system thread. That needs a constructor the JDK keeps to itself ({@code
 * --add-opens java.base/java.lang=ALL-UNNAMED}, which the tests have anyway); without it, ordinary virtual threads serve,
 * slower and with the same order of tasks.
 */
final class SimThreads {

    private static final Constructor<?> BUILDER = findBuilder();

    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private volatile Thread driver;

    private static Constructor<?> findBuilder() {
        try {
            Constructor<?> constructor = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
                    .getDeclaredConstructor(Executor.class);
            constructor.setAccessible(true);
            return constructor;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null;
        }
    }

    /** {@code true} when tasks run inside the driver. */
    static boolean runInDriver() {
        return BUILDER != null;
    }

    Thread make(String name, Runnable body) {
        if (BUILDER == null) {
            return Thread.ofVirtual().name(name).unstarted(body);
        }
        try {
            Executor executor = this::enqueue;
            return ((Thread.Builder.OfVirtual) BUILDER.newInstance(executor))
                    .name(name)
                    .unstarted(body);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make a virtual thread", e);
        }
    }

    /** Names the thread that calls {@link #runQueued}. */
    void drive(Thread thread) {
        driver = thread;
    }

    /** Runs what is ready; {@code false} when nothing was. */
    boolean runQueued() {
        Runnable ready = queue.poll();
        if (ready == null) {
            return false;
        }
        ready.run();
        return true;
    }

    private void enqueue(Runnable ready) {
        queue.add(ready);
        // A task that blocked in something real is woken by a foreign thread.
        Thread thread = driver;
        if (thread != null && !thread.equals(Thread.currentThread())) {
            java.util.concurrent.locks.LockSupport.unpark(thread);
        }
    }
}
