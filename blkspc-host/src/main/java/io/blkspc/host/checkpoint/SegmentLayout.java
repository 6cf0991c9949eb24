package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockSpaceException;

/**
 * Where things are in a segment device, and how much surely fits. All numbers follow from the area's size and the segment
 * size: two directory slots, then the segments. In an area that has grown the segments are where they were, more of them, and
 * the directory slots follow them. See docs/format/segments.md for the proof of the bounds.
 *
 * <p><em>Charge</em> is what an object counts in a segment: its table entry and its image rounded up to 8 bytes, at least
 * {@value #MIN_CHARGE} bytes, so that neither bytes nor entries can run out before the charge does.
 */
public final class SegmentLayout {

    /** Smallest segment. */
    public static final int MIN_SEGMENT_BYTES = 16 << 10;

    /** Largest segment: keeps a table under 64 KiB, the most one CRC covers. */
    public static final int MAX_SEGMENT_BYTES = 1 << 20;

    /** Fewest segments an area may have. */
    public static final int MIN_SEGMENTS = 8;

    /** Largest object image of any store; small segments take less. */
    public static final int MAX_VALUE_BYTES = 64 << 10;

    /** Least charge of an object. */
    public static final int MIN_CHARGE = 512;

    /** Most segments: what an index entry can tell. */
    private static final int MAX_SEGMENTS = 1 << 24;

    /** Segments that puts leave free, so that a compaction can always begin. */
    static final int RESERVE_SEGMENTS = 2;

    /** Segments beyond twice the live ones that the bound needs. */
    private static final int SLACK_SEGMENTS = 4;

    private final int segmentBytes;
    private final int segmentCount;
    private final int pages;
    private final long segmentsOffset;
    private final long directoryOffset;

    SegmentLayout(long deviceBytes, int segmentBytes) {
        checkSegmentBytes(segmentBytes);
        this.segmentBytes = segmentBytes;
        int count = (int) Math.min(deviceBytes / segmentBytes, MAX_SEGMENTS);
        while (count > 0 && areaOf(count, segmentBytes) > deviceBytes) {
            count--;
        }
        if (count < MIN_SEGMENTS) {
            throw new IllegalArgumentException("segment area is too small: bytes=" + deviceBytes + ", segments=" + count
                    + ", segmentBytes=" + segmentBytes);
        }
        segmentCount = count;
        pages = pagesFor(count, segmentBytes);
        directoryOffset = 0;
        segmentsOffset = 2L * pages * DirectoryPage.LENGTH;
    }

    private SegmentLayout(int segmentBytes, int segmentCount, long segmentsOffset) {
        this.segmentBytes = segmentBytes;
        this.segmentCount = segmentCount;
        this.segmentsOffset = segmentsOffset;
        pages = pagesFor(segmentCount, segmentBytes);
        directoryOffset = segmentsOffset + (long) segmentCount * segmentBytes;
    }

    /**
     * The layout a root was written in.
     *
     * @return {@code null} when it is none that fits into so many bytes; an empty root has that of a new area
     */
    static SegmentLayout of(CheckpointRoot root, long areaBytes, int segmentBytes) {
        if (root.isEmpty() || root.directoryOffset() < root.segmentsOffset()) {
            return new SegmentLayout(areaBytes, segmentBytes);
        }
        if (root.segmentBytes() != segmentBytes
                || root.segmentCount() < MIN_SEGMENTS
                || root.segmentCount() > MAX_SEGMENTS
                || root.segmentsOffset() < 0
                || root.segmentsOffset() > areaBytes) {
            return null;
        }
        checkSegmentBytes(segmentBytes);
        SegmentLayout grown = new SegmentLayout(segmentBytes, root.segmentCount(), root.segmentsOffset());
        return grown.areaBytes() <= areaBytes ? grown : null;
    }

    /**
     * This one with room for live objects of that charge: more segments, which begin where they did, and the directory behind
     * them. It writes nothing that this one needs, in old segments or directory slots. This very one when it has the room.
     *
     * @throws BlockSpaceException {@code LIMIT} when that were too many segments
     */
    SegmentLayout grownFor(long maxLiveBytes) {
        if (maxLiveBytes <= maxLiveBytes()) {
            return this;
        }
        long needed = 2 * Math.ceilDiv(maxLiveBytes, sureBytes()) + SLACK_SEGMENTS;
        // The new directory lies behind the old one, which counts until the new root does.
        long behind = segmentCount + Math.ceilDiv(2L * pages * DirectoryPage.LENGTH, (long) segmentBytes);
        long count = Math.max(needed, behind);
        if (count > MAX_SEGMENTS) {
            throw new BlockSpaceException(
                    BlockSpaceException.Code.LIMIT,
                    "pool would have too many checkpoint segments: segments=" + count + ", most=" + MAX_SEGMENTS);
        }
        return new SegmentLayout(segmentBytes, (int) count, segmentsOffset);
    }

    /** Bytes of the area it uses. */
    long areaBytes() {
        return Math.max(directoryOffset(2), segmentOffset(segmentCount));
    }

    /** {@code true} when the directory lies behind the segments. */
    boolean isGrown() {
        return directoryOffset > 0;
    }

    /**
     * Bytes a device needs so that objects with a total charge of {@code maxLiveBytes} can always be stored and all of
     * them rewritten in one checkpoint: about twice that, and a few segments.
     */
    public static long areaBytes(long maxLiveBytes, int segmentBytes) {
        checkSegmentBytes(segmentBytes);
        long full = Math.ceilDiv(maxLiveBytes, sureBytes(segmentBytes));
        long count = Math.max(MIN_SEGMENTS, 2 * full + SLACK_SEGMENTS);
        return areaOf(Math.toIntExact(count), segmentBytes);
    }

    /** Charge of an object with an image of that many bytes. */
    public static int charge(int imageBytes) {
        return Math.max(MIN_CHARGE, alignImage(imageBytes) + SegmentTable.ENTRY_LENGTH);
    }

    /** Largest image a store with such segments takes: a quarter of a segment, at most 64 KiB. */
    public static int maxValueBytes(int segmentBytes) {
        return Math.min(MAX_VALUE_BYTES, segmentBytes / 4);
    }

    /** Most charge the live objects may have together. */
    long maxLiveBytes() {
        return (segmentCount - SLACK_SEGMENTS) / 2 * sureBytes();
    }

    int segmentBytes() {
        return segmentBytes;
    }

    int segmentCount() {
        return segmentCount;
    }

    int pages() {
        return pages;
    }

    int maxValueBytes() {
        return maxValueBytes(segmentBytes);
    }

    /** Most entries of one segment. */
    int entries() {
        return segmentBytes / MIN_CHARGE;
    }

    /** Most charge of one segment. */
    int capacity() {
        return capacity(segmentBytes);
    }

    /** Charge that every full segment holds at least: what is left over is less than the largest object. */
    long sureBytes() {
        return sureBytes(segmentBytes);
    }

    /** Segments that take {@code charge} in one run of puts, at most. */
    long segmentsFor(long charge) {
        return Math.ceilDiv(charge, sureBytes());
    }

    long directoryOffset(int slot) {
        return directoryOffset + (long) slot * pages * DirectoryPage.LENGTH;
    }

    long segmentsOffset() {
        return segmentsOffset;
    }

    long segmentOffset(int segment) {
        return segmentsOffset() + (long) segment * segmentBytes;
    }

    static int alignImage(int imageBytes) {
        return (imageBytes + Long.BYTES - 1) & -Long.BYTES;
    }

    private static int capacity(int segmentBytes) {
        return segmentBytes - SegmentTable.HEADER_LENGTH - SegmentTable.ALIGNMENT;
    }

    private static long sureBytes(int segmentBytes) {
        return (long) capacity(segmentBytes) - charge(maxValueBytes(segmentBytes)) + 1;
    }

    private static int pagesFor(int segmentCount, int segmentBytes) {
        return Math.ceilDiv(segmentCount, DirectoryPage.entriesPerPage(segmentBytes / MIN_CHARGE));
    }

    private static long areaOf(int segmentCount, int segmentBytes) {
        return 2L * pagesFor(segmentCount, segmentBytes) * DirectoryPage.LENGTH + (long) segmentCount * segmentBytes;
    }

    private static void checkSegmentBytes(int segmentBytes) {
        if (segmentBytes < MIN_SEGMENT_BYTES
                || segmentBytes > MAX_SEGMENT_BYTES
                || Integer.bitCount(segmentBytes) != 1) {
            throw new IllegalArgumentException("no such segment size: segmentBytes=" + segmentBytes);
        }
    }
}
