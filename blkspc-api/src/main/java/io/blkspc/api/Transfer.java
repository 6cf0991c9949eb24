package io.blkspc.api;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One IO in one argument: a device offset, a list of buffer segments, and how far the IO got. The segments are filled or
 * drained in order, as if they were one buffer. Reusable: {@link #reset} it and add again. Not thread safe.
 *
 * <p>{@link #progressBytes} is exact also when the IO stopped partway with an exception: the bytes before it were
 * transferred; of those after it nothing is known (a failed write may have reached the medium).
 */
public final class Transfer {

    private MemorySegment[] segments = new MemorySegment[8];
    private long[] starts = new long[8];
    private long[] lengths = new long[8];
    private int count;
    private long deviceOffsetBytes;
    private long totalBytes;
    private long progressBytes;

    /** Empties the list and sets the device offset, in bytes. */
    public Transfer reset(long deviceOffset) {
        Arrays.fill(segments, 0, count, null);
        count = 0;
        totalBytes = 0;
        progressBytes = 0;
        deviceOffsetBytes = deviceOffset;
        return this;
    }

    /**
     * Appends {@code length} bytes of {@code segment} from {@code start}.
     *
     * @param segment native (off-heap) memory that stays alive until the IO returns
     * @throws IndexOutOfBoundsException when the part is not inside the segment
     * @throws IllegalArgumentException when the segment is on the Java heap
     */
    public Transfer add(MemorySegment segment, long start, long length) {
        java.util.Objects.checkFromIndexSize(start, length, segment.byteSize());
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a transfer needs native memory");
        }
        if (count == segments.length) {
            segments = Arrays.copyOf(segments, count * 2);
            starts = Arrays.copyOf(starts, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        segments[count] = segment;
        starts[count] = start;
        lengths[count] = length;
        count++;
        totalBytes += length;
        return this;
    }

    /** First device byte of the IO. */
    public long deviceOffsetBytes() {
        return deviceOffsetBytes;
    }

    /** Sum of the lengths of all parts. */
    public long totalBytes() {
        return totalBytes;
    }

    /** Bytes transferred so far, from the start. */
    public long progressBytes() {
        return progressBytes;
    }

    /** Records that {@code bytes} more were transferred; called by devices only. */
    public void advance(long bytes) {
        if (bytes < 0 || bytes > totalBytes - progressBytes) {
            throw new IllegalArgumentException("advance=" + bytes + ", left=" + (totalBytes - progressBytes));
        }
        progressBytes += bytes;
    }

    /** Number of parts. */
    public int count() {
        return count;
    }

    /** Memory of part {@code index}. */
    public MemorySegment segment(int index) {
        return segments[index];
    }

    /** First byte of part {@code index} inside its segment. */
    public long start(int index) {
        return starts[index];
    }

    /** Length in bytes of part {@code index}. */
    public long length(int index) {
        return lengths[index];
    }
}
