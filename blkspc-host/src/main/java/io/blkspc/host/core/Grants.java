package io.blkspc.host.core;

import io.blkspc.api.Geometry;

/** What a reservation takes, and how much of it there is. Used under the order lock, which {@link #reservable} takes itself. */
final class Grants {

    private final Engine engine;

    Grants(Engine engine) {
        this.engine = engine;
    }

    /** Blocks of a window; refuses what is no size of one. */
    static int windowBlocks(int blockSizeBytes) {
        if (Integer.bitCount(blockSizeBytes) != 1
                || blockSizeBytes < Geometry.MIN_WINDOW_BYTES
                || blockSizeBytes > Geometry.MAX_WINDOW_BYTES) {
            throw new IllegalArgumentException(
                    "blockSize is not a power of two from 512 to 1048576: blockSize=" + blockSizeBytes);
        }
        return Math.max(1, blockSizeBytes >>> Geometry.BLOCK_SHIFT);
    }

    /** Credits that {@link WritePath#reserve} would grant now, with one block for each other of so many; without a reclaim. */
    int reservable(Head head, int blockSizeBytes, int creditsInAll) {
        if (creditsInAll < 0) {
            throw new IllegalArgumentException("creditsInAll is negative: creditsInAll=" + creditsInAll);
        }
        int windowBlocks = windowBlocks(blockSizeBytes);
        engine.lock.lock();
        try {
            engine.checkWritable();
            head.checkNotClosed();
            int low = 0;
            int high = Integer.MAX_VALUE;
            while (low < high) { // each credit more takes more of everything, or as much
                int middle = high - (high - low) / 2;
                if (isGrantable(head.version.quota, middle, Math.max(0, creditsInAll - middle), windowBlocks)) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            return low;
        } finally {
            engine.lock.unlock();
        }
    }

    private boolean isGrantable(HeadQuota quota, long windows, long singles, int windowBlocks) {
        long blocks = windows * windowBlocks + singles;
        if (quota != null && !quota.isInLimit(blocks)) {
            return false;
        }
        if (quota != null && quota.isGuaranteed()) {
            return quota.canReserve(blocks);
        }
        long slots = (windows + singles) * HostCookie.SLOTS_PER_CREDIT;
        long logBytes =
                windows * HostCookie.logBytesPerCredit(windowBlocks) + singles * HostCookie.logBytesPerCredit(1);
        return engine.ledger.canPromise(blocks, slots, logBytes);
    }

    /** Promises everything or nothing; returns what is lacking, or {@code null}. */
    String promise(HeadQuota quota, int allocCount, long blocks, int windowBlocks) {
        if (quota != null && quota.isGuaranteed()) {
            return quota.tryReserve(blocks) ? null : quota.facts(blocks);
        }
        long slots = (long) allocCount * HostCookie.SLOTS_PER_CREDIT;
        long logBytes = allocCount * HostCookie.logBytesPerCredit(windowBlocks);
        if (!engine.ledger.tryPromise(blocks, slots, logBytes)) {
            return engine.ledger.facts(blocks, slots, logBytes);
        }
        if (quota != null) {
            quota.reserved(blocks);
        }
        return null;
    }
}
