package io.blkspc.api;

/** What an IO is for. A test device aims faults by it; a real device may use it for statistics. */
public enum IoRole {
    /** Blocks of a volume. */
    DATA,
    /** Blocks read to complete a partial copy-on-write. */
    COW_READ,
    /** Blocks read by recovery to check what reached the medium. */
    VERIFY,
    /** Journal records. */
    JOURNAL,
    /** Object images of a checkpoint. */
    CHECKPOINT,
    /** One of the two superblock copies. */
    SUPERBLOCK
}
