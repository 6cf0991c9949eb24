package io.blkspc.cli.e2e;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a condition, never without a limit. */
final class Await {

    private Await() {}

    /** Returns whether the condition came true within the limit. */
    static boolean within(Duration limit, BooleanSupplier condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return condition.getAsBoolean();
            }
            pause(10);
        }
        return true;
    }

    /** Fails the test if the condition does not come true within the limit. */
    static void until(String what, Duration limit, BooleanSupplier condition) {
        if (!within(limit, condition)) {
            throw new AssertionError("waited in vain: for=" + what + ", limit=" + limit);
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting", interrupted);
        }
    }
}
