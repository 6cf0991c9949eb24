package io.blkspc.xfsish.log;

import java.lang.foreign.MemorySegment;

/** Reads one block of the space. */
@FunctionalInterface
public interface BlockReader {
    /** Fills 4096 bytes. */
    void read(long block, MemorySegment target);
}
