package io.blkspc.host.core;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads of data that failed since the pool was opened (contract D11). Any thread. */
final class ReadErrors {

    private static final Logger log = LoggerFactory.getLogger(ReadErrors.class);

    private final AtomicLong count = new AtomicLong();

    /** One more. A failing disk is asked again and again, so the log hears of the first, second, fourth, eighth. */
    void add(RuntimeException failure) {
        long now = count.incrementAndGet();
        if (Long.bitCount(now) == 1) {
            log.warn("data cannot be read: errors={}, last={}", now, failure.getMessage());
        }
    }

    long count() {
        return count.get();
    }
}
