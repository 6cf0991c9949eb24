package io.blkspc.host.device;

import io.blkspc.api.BlockDevice;

/** A device a pool can be recovered from: one that can also show what is on the medium rather than in the page cache. */
public interface BackingDevice extends BlockDevice {

    /**
     * A second, read-only view of the same bytes that reads around the page cache. Recovery forces the device first and
     * then reads through this view: after an earlier failed force the cache may hold bytes the medium never got. The
     * caller closes it.
     */
    BlockDevice openMedium();
}
