package io.blkspc.bench.load;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs a load: one thread for each connection, all from the same moment on. */
public final class LoadClient {

    private record Part(long startNanos, long endNanos, long cpuNanos) {}

    private LoadClient() {}

    /**
     * Runs one load from connecting to closing.
     *
     * @throws IOException when a connection cannot be made, is lost, or is answered with something that is no reply
     */
    public static LoadResult run(Endpoint endpoint, LoadSpec spec) throws IOException {
        List<Lane> lanes = new ArrayList<>();
        try {
            for (int i = 0; i < spec.connections(); i++) {
                lanes.add(new Lane(endpoint, spec, i));
            }
            return together(lanes, spec);
        } finally {
            for (Lane lane : lanes) {
                lane.close();
            }
        }
    }

    private static LoadResult together(List<Lane> lanes, LoadSpec spec) throws IOException {
        CountDownLatch ready = new CountDownLatch(lanes.size());
        long nanos = TimeUnit.MILLISECONDS.toNanos(spec.millis());
        List<Future<Part>> parts = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(lanes.size())) {
            for (Lane lane : lanes) {
                Callable<Part> task = () -> {
                    ready.countDown();
                    ready.await();
                    long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                    long start = System.nanoTime();
                    lane.run(start + nanos);
                    long end = System.nanoTime();
                    return new Part(
                            start, end, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu);
                };
                parts.add(threads.submit(task));
            }
        }
        long start = Long.MAX_VALUE;
        long end = Long.MIN_VALUE;
        long cpu = 0;
        for (Future<Part> future : parts) {
            Part part = result(future);
            start = Math.min(start, part.startNanos);
            end = Math.max(end, part.endNanos);
            cpu += part.cpuNanos;
        }
        return sum(lanes, end - start, cpu);
    }

    private static LoadResult sum(List<Lane> lanes, long nanos, long cpuNanos) {
        Histogram latencies = new Histogram();
        long requests = 0;
        long errors = 0;
        for (Lane lane : lanes) {
            requests += lane.requests();
            errors += lane.errors();
            latencies.add(lane.latencies());
        }
        return new LoadResult(requests, errors, nanos, cpuNanos, latencies);
    }

    private static Part result(Future<Part> future) throws IOException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException("the client failed", e.getCause());
        }
    }
}
