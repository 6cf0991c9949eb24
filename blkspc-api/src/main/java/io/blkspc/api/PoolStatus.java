package io.blkspc.api;

import java.util.UUID;

/**
 * Facts of a pool at one moment. All sizes are bytes.
 *
 * @param state what the pool can do now
 * @param uuid identity
 * @param sizeBytes data capacity
 * @param allocatedBytes data blocks that some version maps or some stage holds
 * @param freeBytes capacity minus allocated; includes quarantined blocks; {@code promisedBytes} never exceeds it
 * @param quarantinedBytes freed blocks that wait for the record that freed them to be durable
 * @param promisedBytes data promised: cookies, standing guarantees not drawn, slop
 * @param reservedBytes the part of promised that clients hold (without slop)
 * @param metadataTotalBytes capacity of the extent tree
 * @param metadataUsedBytes used by the extent tree
 * @param volumes number of volumes
 * @param snapshots number of snapshots
 * @param sequence newest published journal sequence
 * @param durableSequence journal sequence up to which every record, and the data it names, survives power loss; after a flush, at
 *     least what was newest when it was called. Says nothing of overwrites in place, which no record tells of
 * @param journalBytes capacity of the journal
 * @param journalUsedBytes journal bytes that a recovery would replay
 * @param recoveryMillis how long opening took, or 0 after a clean stop
 * @param cleanOpen {@code true} when the pool was opened after a clean stop
 * @param readErrors reads of data that failed since it was opened
 */
public record PoolStatus(
        State state,
        UUID uuid,
        long sizeBytes,
        long allocatedBytes,
        long freeBytes,
        long quarantinedBytes,
        long promisedBytes,
        long reservedBytes,
        long metadataTotalBytes,
        long metadataUsedBytes,
        int volumes,
        int snapshots,
        long sequence,
        long durableSequence,
        long journalBytes,
        long journalUsedBytes,
        long recoveryMillis,
        boolean cleanOpen,
        long readErrors) {

    /** What a pool can do. */
    public enum State {
        /** Open, reads and writes. */
        SERVING,
        /** A write or force failed: reads only, until it is reopened. */
        FAILED,
        /** The backing store had no room; overwrites and reads go on. */
        OUT_OF_BACKING,
        /** Damaged: open for reading only, what the records before the damage come to. */
        NEEDS_CHECK,
        /** Closed. */
        CLOSED
    }
}
