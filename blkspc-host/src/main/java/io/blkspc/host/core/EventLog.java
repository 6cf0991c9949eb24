package io.blkspc.host.core;

import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolEvent.Kind;
import io.blkspc.host.sched.Scheduler;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongSupplier;

/** The last events of this opening. Any thread, under any lock; takes none but its own and never waits. */
final class EventLog {

    /** Events kept. */
    static final int CAPACITY = 1024;

    /** Least time between two tellings of a shortage: a full pool refuses thousands of requests in a second. */
    static final long SHORTAGE_NANOS = 10_000_000_000L;

    private static final int NAMES_TOLD = 8;

    private final Scheduler scheduler;
    private final LongSupplier clockMillis;
    private final ArrayDeque<PoolEvent> events = new ArrayDeque<>();
    private long last;
    private boolean wasShort;
    private long shortNanos;

    EventLog(Scheduler scheduler, LongSupplier clockMillis) {
        this.scheduler = scheduler;
        this.clockMillis = clockMillis;
    }

    synchronized void add(Kind kind, String name, String facts) {
        if (events.size() == CAPACITY) {
            events.removeFirst();
        }
        events.addLast(new PoolEvent(++last, clockMillis.getAsLong(), kind, name, facts));
    }

    /** One command on several names is one event. */
    void add(Kind kind, String name, List<String> names) {
        boolean all = names.size() <= NAMES_TOLD;
        String told = String.join(",", all ? names : names.subList(0, NAMES_TOLD));
        add(kind, name, "names=" + told + (all ? "" : ",...") + ", count=" + names.size());
    }

    /** Something was refused for want of space. */
    synchronized void shortage(String facts) {
        long now = scheduler.nanoTime();
        if (!wasShort || now - shortNanos >= SHORTAGE_NANOS) {
            wasShort = true;
            shortNanos = now;
            add(Kind.SHORTAGE, null, facts);
        }
    }

    synchronized List<PoolEvent> after(long number) {
        return events.stream().filter(event -> event.number() > number).toList();
    }
}
