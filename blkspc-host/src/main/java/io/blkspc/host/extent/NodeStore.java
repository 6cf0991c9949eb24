package io.blkspc.host.extent;

import java.lang.foreign.MemorySegment;

/**
 * Where node images lie, by id. An index of what checkpoint and journal say: it may be deleted and rebuilt at any time.
 *
 * <p>Threads: any number may {@link #read}; one at a time may {@link #put} and {@link #remove}. A read beside a put of the
 * same id sees the old or the new image.
 */
public interface NodeStore extends AutoCloseable {

    /**
     * Copies an image.
     *
     * @param nodeId 1 or more
     * @param target at least {@link NodeFormat#BYTES} bytes, filled from its start
     * @return {@code false} when there is none
     */
    boolean read(long nodeId, MemorySegment target);

    /**
     * Stores a copy of an image, over any older one.
     *
     * @param image {@link NodeFormat#BYTES} bytes from its start
     */
    void put(long nodeId, MemorySegment image);

    /** Takes an image away, if there is one. */
    void remove(long nodeId);

    /** Number of images. */
    long size();

    /** Forces what was stored, then lets go of it. Idempotent. */
    @Override
    void close();
}
