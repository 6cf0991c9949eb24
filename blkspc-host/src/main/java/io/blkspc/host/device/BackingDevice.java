package io.blkspc.host.device;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;

/** A device a pool can be recovered from: one that can also show what is on the medium rather than in the page cache. */
public interface BackingDevice extends BlockDevice {

    /**
     * A second, read-only view of the same bytes that reads around the page cache. Recovery forces the device first and
     * then reads through this view: after an earlier failed force the cache may hold bytes the medium never got. The
     * caller closes it.
     */
    BlockDevice openMedium();

    /**
     * Lets readers see what is on the medium, and no bytes that only the page cache has: those of a force that failed in an
     * earlier process stay there, clean, so a later force says nothing about them. What was written and not forced yet stays.
     */
    default void dropCache() {}

    /**
     * Makes every write to some ranges that returned before this call durable, and maybe others too: as {@link #force}, which this is
     * where a device cannot do with less, but nobody waits for what somebody else wrote elsewhere.
     *
     * @param ranges must not change meanwhile
     * @throws BlockSpaceException as {@link #force}, also for what was lost elsewhere
     */
    default void forceRanges(UnforcedRanges ranges, IoRole role) {
        force(role);
    }

    /** {@code true} when no overwrite can run out of space, as far as this can be known. */
    default boolean keepsSpace() {
        return true;
    }

    /**
     * Makes the device at least so large; every added byte has its place on the medium, durably, before this returns. Nothing
     * changes on an exception. Reads and writes go on meanwhile. One thread at a time.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when there is no room for it, or this device cannot grow
     */
    default void grow(long newSizeBytes) {
        if (newSizeBytes > sizeBytes()) {
            throw new BlockSpaceException(
                    Code.OUT_OF_BACKING, "device cannot grow: device=" + this + ", size=" + sizeBytes());
        }
    }

    /** Gives back what {@link #grow} added beyond this size, where that can be done; nobody may have used it. */
    default void ungrow(long oldSizeBytes) {}
}
