package io.blkspc.host.core;

import io.blkspc.host.sched.Scheduler;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long each part of an opening took, in milliseconds and in order; for the log and for measurements. One thread. */
final class OpeningPhases {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Scheduler scheduler;
    private final Map<String, Long> millis = new LinkedHashMap<>();
    private final long begin;
    private long phaseBegin;

    OpeningPhases(Scheduler scheduler) {
        this.scheduler = scheduler;
        this.begin = scheduler.nanoTime();
        this.phaseBegin = begin;
    }

    /** The phase that began at the last call, or at construction, is over. */
    void done(String phase) {
        long now = scheduler.nanoTime();
        millis.merge(phase, (now - phaseBegin) / NANOS_PER_MILLI, Long::sum);
        phaseBegin = now;
    }

    /** All phases together, rounded up. */
    long totalMillis() {
        return (phaseBegin - begin) / NANOS_PER_MILLI + 1;
    }

    @Override
    public String toString() {
        return millis.toString();
    }
}
