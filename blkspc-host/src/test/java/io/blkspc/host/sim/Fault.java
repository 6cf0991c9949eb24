package io.blkspc.host.sim;

/** What goes wrong with one IO. */
public enum Fault {
    /** The medium fails: part of a write may have happened; a force loses some of what it should have kept. */
    EIO,
    /** The backing store has no room: some of the write may have happened, not all of it. */
    ENOSPC,
    /** The transfer stops partway with an error, and its progress says where. */
    SHORT
}
