package io.blkspc.api;

import java.lang.foreign.MemorySegment;

/**
 * Reads of one device that are under way for one thread, which goes on meanwhile. A read has a tag, chosen by the caller from
 * 0 to the depth of the queue less one, that no other read has until {@link #poll} gave it back; reads complete in any order.
 *
 * <p>The memory of a read must stay alive, and what the read looks at must not be reused, until its tag came back or {@link
 * #close} returned. All calls are made by the thread that opened the queue. Nothing is allocated for a read that succeeds.
 */
public interface ReadQueue extends AutoCloseable {

    /** What {@link #poll} answers when nothing is complete. */
    int NONE = -1;

    /** Offsets, lengths and addresses of every read are multiples of this; a power of two up to {@link Geometry#BLOCK_BYTES}. */
    int alignBytes();

    /**
     * Begins a read; at the latest {@link #start} hands it to the medium. It completes when all its bytes are there, or with a
     * failure, also with one that could be told at once.
     *
     * @param target native memory, filled from {@code start}
     * @param lengthBytes more than 0
     */
    void read(int tag, long deviceOffsetBytes, MemorySegment target, long start, int lengthBytes, IoRole role);

    /** Hands every read that was begun to the medium, and waits for nothing. */
    void start();

    /**
     * The same, and waits until one is complete; or until there is something to do at a
     * descriptor, of which the caller may be told without reason. Returns at once when a tag waits for {@link #poll}, or
     * when no read is under way.
     *
     * @param descriptor a file descriptor that is watched for bytes to receive, always the same one; or -1
     */
    void await(int descriptor);

    /** Takes the tag of a read that is complete, or {@link #NONE}. */
    int poll();

    /**
     * Why the read with the tag that {@link #poll} gave last has failed, or {@code null}: an exception as {@link
     * BlockDevice#read} throws.
     */
    BlockSpaceException failure();

    /** Waits for the medium to be done with all reads, whose tags are not given back any more. Idempotent. */
    @Override
    void close();
}
