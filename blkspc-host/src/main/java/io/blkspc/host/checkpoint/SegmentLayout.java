package io.blkspc.host.checkpoint;

/**
 * Where things are in a segment device, and how much surely fits. All numbers follow from the device's size and the
 * segment size: two directory slots, then the segments. See docs/format/segments.md for the proof of the bounds.
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

    /** Segments that puts leave free, so that a compaction can always begin. */
    static final int RESERVE_SEGMENTS = 2;

    /** Segments beyond twice the live ones that the bound needs. */
    private static final int SLACK_SEGMENTS = 4;

    private final int segmentBytes;
    private final int segmentCount;
    private final int pages;

    SegmentLayout(long deviceBytes, int segmentBytes) {
        checkSegmentBytes(segmentBytes);
        this.segmentBytes = segmentBytes;
        int count = (int) Math.min(deviceBytes / segmentBytes, 1 << 24);
        while (count > 0 && areaOf(count, segmentBytes) > deviceBytes) {
            count--;
        }
        if (count < MIN_SEGMENTS) {
            throw new IllegalArgumentException("segment area is too small: bytes=" + deviceBytes + ", segments=" + count
                    + ", segmentBytes=" + segmentBytes);
        }
        segmentCount = count;
        pages = pagesFor(count, segmentBytes);
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
        return (long) slot * pages * DirectoryPage.LENGTH;
    }

    long segmentsOffset() {
        return directoryOffset(2);
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
