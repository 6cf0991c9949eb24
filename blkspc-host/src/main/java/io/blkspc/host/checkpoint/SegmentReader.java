package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * One segment in memory, verified against the directory: the whole of it, or its table and single images. Owned by the
 * store.
 */
final class SegmentReader {

    private final BlockDevice device;
    private final SegmentLayout layout;
    private final UUID pool;
    private final SegmentDirectory directory;
    private final MemorySegment buffer;
    private final Crc32c crc;
    private final SegmentTable table = new SegmentTable();
    private final Transfer transfer = new Transfer();
    private int segment;
    private long writeNumber;

    SegmentReader(BlockDevice device, SegmentLayout layout, UUID pool, SegmentDirectory directory, Arena arena) {
        this.device = device;
        this.layout = layout;
        this.pool = pool;
        this.directory = directory;
        buffer = arena.allocate(layout.segmentBytes(), 4096);
        crc = new Crc32c(buffer);
    }

    /** Reads table and images of {@code index} and verifies the table. */
    void readAll(int index) {
        read(index, directory.writtenBytes(index));
    }

    /** Reads and verifies the table of {@code index} only. */
    void readTable(int index) {
        read(index, SegmentTable.lengthFor(directory.count(index)));
    }

    /** After {@link #readTable}: brings every image where {@link #readAll} would have put it. */
    void readImages() {
        int from = SegmentTable.lengthFor(table.count());
        device.read(
                transfer.reset(layout.segmentOffset(segment) + from)
                        .add(buffer, from, directory.writtenBytes(segment) - from),
                IoRole.CHECKPOINT);
    }

    /** After {@link #readTable}: brings the image of {@code entry} where {@link #readAll} would have put it. */
    void readImage(int entry) {
        long offset = table.entryOffset(entry);
        long from = offset & -SegmentTable.ALIGNMENT;
        long end = (offset + table.entryLength(entry) + SegmentTable.ALIGNMENT - 1) & -SegmentTable.ALIGNMENT;
        // The table is in memory from 0 and ends on the same alignment, so an image never overwrites it.
        device.read(
                transfer.reset(layout.segmentOffset(segment) + from).add(buffer, from, end - from), IoRole.CHECKPOINT);
    }

    SegmentTable table() {
        return table;
    }

    MemorySegment memory() {
        return buffer;
    }

    ObjectKind kind(int entry) {
        return ObjectKind.of(table.entryKind(entry));
    }

    /** Throws unless the image of {@code entry}, which is in memory, is what was written. */
    void verifyImage(int entry) {
        int length = table.entryLength(entry);
        int found = imageCrc(crc, writeNumber, segment, table.entryKind(entry), table.entryId(entry))
                .add(table.entryOffset(entry), length)
                .value();
        if (found != table.entryCrc(entry)) {
            throw corrupt(
                    table.entryOffset(entry),
                    "reason=image crc, kind=" + kind(entry) + ", id=" + table.entryId(entry) + ", length=" + length);
        }
    }

    /** Begins the CRC of an image with its address; the caller adds the image. */
    static Crc32c imageCrc(Crc32c crc, long writeNumber, int segment, int kind, long id) {
        return crc.begin()
                .addLong(writeNumber)
                .addLong(((long) segment << Byte.SIZE) | kind)
                .addLong(id);
    }

    private void read(int index, int bytes) {
        segment = index;
        writeNumber = directory.writeNumber(index);
        int count = directory.count(index);
        int tableBytes = SegmentTable.lengthFor(count);
        if (tableBytes > directory.writtenBytes(index)) {
            throw corrupt(0, "reason=table is longer than the segment, count=" + count);
        }
        device.read(transfer.reset(layout.segmentOffset(index)).add(buffer, 0, bytes), IoRole.CHECKPOINT);
        table.wrap(buffer, 0);
        int found = crc.of(SegmentTable.SEGMENT_INDEX_OFFSET, tableBytes - SegmentTable.SEGMENT_INDEX_OFFSET);
        if (table.magic() != SegmentTable.MAGIC
                || table.crc() != found
                || found != directory.tableCrc(index)
                || !table.isOf(pool)
                || table.segmentIndex() != index
                || table.writeNumber() != writeNumber
                || table.count() != count
                || !table.reservedIsZero()) {
            throw corrupt(0, "reason=table magic, crc, uuid or address, writeNumber=" + writeNumber);
        }
        for (int entry = 0; entry < count; entry++) {
            verifyEntry(entry, tableBytes);
        }
    }

    private void verifyEntry(int entry, int tableBytes) {
        long offset = table.entryOffset(entry);
        long length = table.entryLength(entry);
        if (kind(entry) == null
                || !table.entryReservedIsZero(entry)
                || table.entryId(entry) >>> 56 != 0
                || offset < tableBytes
                || length < 0
                || length > layout.maxValueBytes()
                || offset + length > directory.writtenBytes(segment)) {
            throw corrupt(0, "reason=impossible entry, entry=" + entry);
        }
    }

    private CorruptSpaceException corrupt(long offset, String facts) {
        return new CorruptSpaceException(
                BlockSpaceException.Code.NEEDS_CHECK,
                "checkpoint segment",
                layout.segmentOffset(segment) + offset,
                facts + ", segment=" + segment + ", at=" + offset);
    }
}
