package io.blkspc.host.device;

/** Whether data goes through the page cache. Durability is the same: both need a force. */
public enum CacheMode {
    /** Reads and writes use the page cache; what was written is found there. */
    WRITEBACK,
    /** Every read and write goes to the device (O_DIRECT): no data is cached twice, and none is found cached. */
    DIRECT
}
