package io.blkspc.api;

/** What a reader of a mapped extent sees. The names are those of the Linux iomap layer. */
public enum MappingState {
    /** Nothing is there: reads as zeros, has no device address. */
    HOLE,
    /** Nothing is there, but a standing guarantee covers a later write: reads as zeros, has no device address. */
    RESERVED,
    /** Blocks are allocated but hold no data yet: reads as zeros; the device address must not be read. */
    UNWRITTEN,
    /** Blocks hold data at the mapping's device address. */
    WRITTEN;

    /** {@code true} when a reader must return zeros without touching the device. */
    public boolean readsZeros() {
        return this != WRITTEN;
    }
}
