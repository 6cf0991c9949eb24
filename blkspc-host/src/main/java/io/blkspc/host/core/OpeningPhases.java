package io.blkspc.host.core;

import io.blkspc.host.sched.Scheduler;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How long each part of an opening took, in milliseconds and in order; for the log and for measurements. One thread. */
final class OpeningPhases {

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
        millis.merge(phase, TimeUnit.NANOSECONDS.toMillis(now - phaseBegin), Long::sum);
        phaseBegin = now;
    }

    /** All phases together, rounded up. */
    long totalMillis() {
        return TimeUnit.NANOSECONDS.toMillis(phaseBegin - begin) + 1;
    }

    @Override
    public String toString() {
        return millis.toString();
    }
}
