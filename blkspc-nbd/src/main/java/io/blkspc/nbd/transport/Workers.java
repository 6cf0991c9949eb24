package io.blkspc.nbd.transport;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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
    private final AtomicInteger threads = new AtomicInteger();
    // Tasks accepted and not finished. While there are as many threads, none of these waits behind another. To count
    // the threads that wait for a task would not do: one that just took its task still counts.
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicLong faults = new AtomicLong();

    /** At most {@code maxThreads} threads and {@code maxTasks} waiting tasks. */
    public Workers(int maxThreads, int maxTasks) {
        this.maxThreads = maxThreads;
        this.tasks = new ArrayBlockingQueue<>(maxTasks);
    }

    /** Counts something that nobody foresaw. */
    public void countFault() {
        faults.incrementAndGet();
    }

    /** How often something happened that nobody foresaw, here or told through {@link #countFault}. */
    public long faults() {
        return faults.get();
    }

    /** Runs {@code task} soon, or returns {@code false} when too many wait. */
    public boolean offer(Runnable task) {
        unfinished.incrementAndGet(); // first: a task may finish before the next line
        if (!tasks.offer(task)) {
            unfinished.decrementAndGet();
            return false;
        }
        if (unfinished.get() > threads.get()) {
            startThread();
        }
        return true;
    }

    private void startThread() {
        int count = threads.get();
        while (count < maxThreads) {
            if (threads.compareAndSet(count, count + 1)) {
                Thread.ofPlatform().name("nbd-worker-" + count).daemon(true).start(this::run);
                return;
            }
            count = threads.get();
        }
    }

    /** Ends the threads after the tasks that wait. */
    @Override
    public void close() {
        int count = threads.getAndSet(maxThreads); // no further starts
        for (int i = 0; i < count; i++) {
            if (!tasks.offer(new Stop())) {
                log.warn("a worker thread could not be stopped: tasks={}", tasks.size());
            }
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
