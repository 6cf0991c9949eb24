package io.blkspc.host.device;

/**
 * How many bytes one write through the page cache may have. The kernel keeps what one call brought into the cache in pieces up
 * to that size, and on ext4 each later write of 4 KiB looks at all the blocks of its piece: after writes of 1 MiB it takes
 * five times as long. What is in the cache already keeps its pieces, and is written in as few calls as can be.
 *
 * <p>A range is taken for cached when its first and last page are: to ask for each page would take a good part of what the
 * longer call gains, and where the two mislead no more than that gain is at stake. Any thread.
 */
final class CachedWriteSize {

    /** Most bytes of a write that brings something into the cache; no such write crosses a multiple of them. */
    static final int NEW_BYTES = 64 << 10;

    /** Most bytes of a write of what is there. */
    static final int CACHED_BYTES = 1 << 20;

    private final RawFile file;

    CachedWriteSize(RawFile file) {
        this.file = file;
    }

    /** Most bytes that a write at {@code position} may have, where {@code left} are to be written; more than 0. */
    long mostBytes(long position, long left) {
        long piece = NEW_BYTES - (position & (NEW_BYTES - 1));
        long most = Math.min(left, CACHED_BYTES);
        return most > piece && file.isCached(position) && file.isCached(position + most - 1) ? most : piece;
    }
}
