package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import java.util.concurrent.TimeUnit;

/**
 * How long a client goes on asking for what another one holds, before its user gets an error: a host gives up after 5
 * seconds, a file system above would go read-only on the first error.
 */
final class Patience {

    static final long TOTAL_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final int HOST_WAITS = 6;

    private final long startNanos = System.nanoTime();

    /** Waits for the stage on one block to end. */
    void awaitUnstaged(BlockSpace space, long block) {
        long left = TOTAL_NANOS - (System.nanoTime() - startNanos);
        space.awaitUnstaged(block, Math.max(1, left));
    }

    static Lease writeLease(BlockSpace space) {
        for (int attempt = 1; ; attempt++) {
            try {
                return space.writeLease();
            } catch (BlockSpaceException e) {
                refuseUnlessBusy(e, attempt);
            }
        }
    }

    static void discard(BlockSpace space, long offset, long count) {
        for (int attempt = 1; ; attempt++) {
            try {
                space.discard(offset, count);
                return;
            } catch (BlockSpaceException e) {
                refuseUnlessBusy(e, attempt);
            }
        }
    }

    static void zero(BlockSpace space, long offset, long count, boolean keepAllocated) {
        for (int attempt = 1; ; attempt++) {
            try {
                space.zero(offset, count, keepAllocated);
                return;
            } catch (BlockSpaceException e) {
                refuseUnlessBusy(e, attempt);
            }
        }
    }

    static void preallocate(BlockSpace space, Cookie cookie, long offset, long count) {
        for (int attempt = 1; ; attempt++) {
            try {
                space.preallocate(cookie, offset, count);
                return;
            } catch (BlockSpaceException e) {
                refuseUnlessBusy(e, attempt);
            }
        }
    }

    private static void refuseUnlessBusy(BlockSpaceException e, int attempt) {
        if (e.code() != Code.BUSY || attempt >= HOST_WAITS) {
            throw e;
        }
    }
}
