package io.blkspc.nbd.transport;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads for work that waits for the medium, started when there is work and never interrupted. A task must not wait for a
 * client: then one client could hold them all.
 */
public final class Workers implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.data");

    /** Ends the thread that takes it. */
    private record Stop() implements Runnable {
        @Override
        public void run() {}
    }

    private final ArrayBlockingQueue<Runnable> tasks;
    private final int maxThreads;
    private final ThreadFactory factory;
    private final ReentrantLock starting = new ReentrantLock();
    private final AtomicInteger threads = new AtomicInteger();
    // Tasks accepted and not finished. While there are as many threads, none of these waits behind another. To count
    // the threads that wait for a task would not do: one that just took its task still counts.
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicLong faults = new AtomicLong();
    private volatile boolean isShortOfThreads;

    /** At most {@code maxThreads} threads and {@code maxTasks} waiting tasks. */
    public Workers(int maxThreads, int maxTasks) {
        this(maxThreads, maxTasks, Thread.ofPlatform().factory());
    }

    /** The same on threads of a factory; to start one may throw {@link OutOfMemoryError}. */
    public Workers(int maxThreads, int maxTasks, ThreadFactory factory) {
        this.maxThreads = maxThreads;
        this.tasks = new ArrayBlockingQueue<>(maxTasks);
        this.factory = factory;
    }

    /** Counts something that nobody foresaw. */
    public void countFault() {
        faults.incrementAndGet();
    }

    /** How often something happened that nobody foresaw, here or told through {@link #countFault}. */
    public long faults() {
        return faults.get();
    }

    /** Runs {@code task} soon, or returns {@code false} when too many wait, or the system has not one thread for them. */
    public boolean offer(Runnable task) {
        unfinished.incrementAndGet(); // first: a task may finish as soon as it is offered
        if (mayStart()) {
            startThread();
        }
        if (threads.get() == 0 || !tasks.offer(task)) {
            unfinished.decrementAndGet();
            return false;
        }
        return true;
    }

    private boolean mayStart() {
        int count = threads.get();
        return count < maxThreads && unfinished.get() > count;
    }

    private void startThread() {
        starting.lock();
        try {
            if (mayStart() && tryStart("nbd-worker-" + threads.get(), this::run)) {
                threads.incrementAndGet(); // only now: a task is queued where a thread is there to take it
            }
        } finally {
            starting.unlock();
        }
    }

    /** Starts a thread; {@code false} when the system has no more of them. */
    public boolean tryStart(String name, Runnable body) {
        Thread thread = factory.newThread(body);
        thread.setName(name);
        thread.setDaemon(true);
        try {
            thread.start();
            return true;
        } catch (OutOfMemoryError none) {
            if (!isShortOfThreads) { // one line, however many requests it concerns
                isShortOfThreads = true;
                log.warn(
                        "the system has no more threads, requests are served one after the other: {}", none.toString());
            }
            return false;
        }
    }

    /** Ends the threads after the tasks that wait. */
    @Override
    public void close() {
        int count = forbidStarts();
        for (int i = 0; i < count; i++) {
            if (!tasks.offer(new Stop())) {
                log.warn("a worker thread could not be stopped: tasks={}", tasks.size());
            }
        }
    }

    /** Returns how many threads there are. */
    private int forbidStarts() {
        starting.lock();
        try {
            return threads.getAndSet(maxThreads);
        } finally {
            starting.unlock();
        }
    }

    @SuppressWarnings("checkstyle:illegalcatch")
    private void run() {
        while (true) {
            Runnable task;
            try {
                task = tasks.take();
            } catch (InterruptedException e) {
                continue; // nobody stops a worker this way
            }
            if (task instanceof Stop) {
                return;
            }
            try {
                task.run();
            } catch (Throwable t) {
                countFault();
                log.error("a request failed in a way nobody foresaw", t);
            } finally {
                unfinished.decrementAndGet();
            }
        }
    }
}
