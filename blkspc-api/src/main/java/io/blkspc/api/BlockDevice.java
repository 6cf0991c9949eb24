package io.blkspc.api;

/**
 * A flat array of bytes with explicit durability: the seam between everything above and the medium. Writes may stay in a
 * volatile cache, per 512-byte sector and in any order, until a {@link #force} that began after they returned completes.
 *
 * <p>All methods may be called by any number of threads. Interrupting a thread inside a call has no effect on the device.
 */
public interface BlockDevice extends AutoCloseable {

    /** Capacity in bytes. */
    long sizeBytes();

    /**
     * Reads the whole transfer.
     *
     * @throws BlockSpaceException {@code OUT_OF_RANGE} beyond the end; {@code IO} when the medium failed, with {@link
     *     Transfer#progressBytes} telling how much arrived before
     */
    void read(Transfer transfer, IoRole role);

    /**
     * Reads the whole transfer only if that needs no wait for the medium.
     *
     * @return {@code false} when it would have waited (or the device cannot tell): buffers may be partly overwritten and
     *     progress is zero
     */
    default boolean readCached(Transfer transfer, IoRole role) {
        return false;
    }

    /**
     * Writes the whole transfer, at any byte offset and of any length; the other bytes of a sector stay as they are. After a return, every later read sees it, also one by another process.
     *
     * @throws BlockSpaceException {@code OUT_OF_RANGE} beyond the end; {@code OUT_OF_BACKING} when the backing store had no
     *     room; {@code IO} otherwise. After an exception, each sector past the progress holds old or new data
     */
    void write(Transfer transfer, IoRole role);

    /**
     * Makes every write that returned before this call durable. Concurrent calls may share one force of the medium.
     *
     * @throws BlockSpaceException {@code IO} when the force failed; every later force and write fails too ({@code
     *     FAILED}), because a second force could report success for data that is gone
     */
    void force(IoRole role);

    /** Releases the device without forcing it. Idempotent. */
    @Override
    void close();
}
