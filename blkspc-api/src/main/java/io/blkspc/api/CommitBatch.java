package io.blkspc.api;

import java.util.Arrays;

/**
 * The ranges of one {@link BlockSpace#commit}: whole blocks of the caller's own stages, each with the {@link DataChecksum} of the data
 * just written to its target. The bytes must not change between the checksum and the end of the write: recovery takes a
 * mismatch for a write that never arrived, and drops it. Reusable: {@link #clear} it and add again; it grows and never shrinks. Not thread safe.
 */
public final class CommitBatch {

    private long[] offsets = new long[16];
    private int[] lengths = new int[16];
    private int[] checksums = new int[16];
    private int size;

    /** Empties the batch. */
    public CommitBatch clear() {
        size = 0;
        return this;
    }

    /**
     * Adds one range.
     *
     * @param offsetBytes first byte in the space, a multiple of 4096
     * @param lengthBytes a multiple of 4096, 4096 to {@link Geometry#MAX_WINDOW_BYTES}
     * @param checksum {@link DataChecksum} of exactly these bytes as written to the target
     * @throws IllegalArgumentException when offset or length is not in range
     */
    public CommitBatch add(long offsetBytes, int lengthBytes, int checksum) {
        if (offsetBytes < 0 || !Geometry.isBlockAligned(offsetBytes)) {
            throw new IllegalArgumentException("commit offset is not a block boundary: offset=" + offsetBytes);
        }
        if (lengthBytes <= 0 || lengthBytes > Geometry.MAX_WINDOW_BYTES || !Geometry.isBlockAligned(lengthBytes)) {
            throw new IllegalArgumentException("commit length is not 1 to 256 whole blocks: length=" + lengthBytes);
        }
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, size * 2);
            lengths = Arrays.copyOf(lengths, size * 2);
            checksums = Arrays.copyOf(checksums, size * 2);
        }
        offsets[size] = offsetBytes;
        lengths[size] = lengthBytes;
        checksums[size] = checksum;
        size++;
        return this;
    }

    /** Number of ranges. */
    public int size() {
        return size;
    }

    /** First byte in the space of range {@code index}. */
    public long offsetBytes(int index) {
        return offsets[checkIndex(index)];
    }

    /** Length in bytes of range {@code index}. */
    public int lengthBytes(int index) {
        return lengths[checkIndex(index)];
    }

    /** {@link DataChecksum} of the data of range {@code index}. */
    public int checksum(int index) {
        return checksums[checkIndex(index)];
    }

    private int checkIndex(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("index=" + index + ", size=" + size);
        }
        return index;
    }
}
