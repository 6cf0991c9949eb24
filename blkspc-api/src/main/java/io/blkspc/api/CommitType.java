package io.blkspc.api;

/** How a staged write is published; must be the kind {@link BlockSpace#allocate allocate} answered for the range. */
public enum CommitType {
    /** The target replaces blocks that held data; the old blocks are released. */
    COW,
    /** The target filled a hole or an unwritten extent; readers saw zeros until now. */
    UNWRITTEN
}
