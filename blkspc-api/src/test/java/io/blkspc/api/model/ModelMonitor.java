package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.function.BooleanSupplier;

/** Waiting in the monitor of a pool. */
final class ModelMonitor {

    private ModelMonitor() {}

    /** Leaves the monitor until the condition holds; what the caller knew before may have changed. */
    static void await(Object monitor, String what, long timeoutNanos, BooleanSupplier until) {
        long start = System.nanoTime();
        boolean interrupted = false;
        try {
            while (!until.getAsBoolean()) {
                long left = timeoutNanos - (System.nanoTime() - start);
                if (left <= 0) {
                    throw new BlockSpaceException(Code.BUSY, what);
                }
                try {
                    monitor.wait(left / 1_000_000, (int) (left % 1_000_000));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
