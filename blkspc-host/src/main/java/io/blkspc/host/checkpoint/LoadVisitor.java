package io.blkspc.host.checkpoint;

import java.lang.foreign.MemorySegment;

/** Receives the live objects of a checkpoint, each once, in no order that means anything. */
public interface LoadVisitor {

    /**
     * One object; its CRC was checked.
     *
     * @param memory holds the image at {@code offset}; overwritten after the call returns
     */
    void object(ObjectKind kind, long id, MemorySegment memory, long offset, int length);
}
