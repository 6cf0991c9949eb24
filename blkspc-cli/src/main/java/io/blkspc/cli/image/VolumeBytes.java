package io.blkspc.cli.image;

import java.lang.foreign.MemorySegment;

/**
 * The bytes of one open volume or snapshot. Owned by one thread; memory handed in is native.
 *
 * <p>Errors: {@link io.blkspc.api.BlockSpaceException} or {@link io.blkspc.cli.outcome.CommandFailure}.
 */
public interface VolumeBytes extends AutoCloseable {

    /** Size in bytes. */
    long sizeBytes();

    /**
     * Reads the run at {@code offset}, at most {@code length} long, that is all data or all hole.
     *
     * @return bytes of data read to the start of {@code target}; or minus the length of a hole, which is not stored and may
     *     be longer than {@code length}
     */
    long readRun(long offset, long length, MemorySegment target);

    /** Writes {@code length} bytes from {@code start} of {@code source}. */
    void write(long offset, long length, MemorySegment source, long start);

    /** On return, everything written survives power loss. */
    void flush();

    @Override
    void close();
}
