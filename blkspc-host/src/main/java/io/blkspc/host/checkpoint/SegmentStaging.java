package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * The segment being filled. Images grow upwards from the middle of the buffer, the table grows in front of them; when the
 * segment closes the table is moved against the images, so that one write takes both. Owned by the store.
 */
final class SegmentStaging {

    private static final int PAGE = 4096;

    private final SegmentLayout layout;
    private final UUID pool;
    private final long imageStart;
    private final MemorySegment buffer;
    private final Crc32c crc;
    private final SegmentTable table = new SegmentTable();
    private final Transfer transfer = new Transfer();
    private int segment;
    private long writeNumber;
    private int count;
    private int imageBytes;
    private int charge;

    SegmentStaging(SegmentLayout layout, UUID pool, Arena arena) {
        this.layout = layout;
        this.pool = pool;
        imageStart = SegmentTable.lengthFor(layout.entries()) + (PAGE - 1L) & -PAGE;
        buffer = arena.allocate(imageStart + layout.segmentBytes() + SegmentTable.ALIGNMENT, PAGE);
        crc = new Crc32c(buffer);
    }

    void open(int index, long number) {
        segment = index;
        writeNumber = number;
        count = 0;
        imageBytes = 0;
        charge = 0;
    }

    int segment() {
        return segment;
    }

    long writeNumber() {
        return writeNumber;
    }

    int count() {
        return count;
    }

    boolean fits(int imageLength) {
        return charge + SegmentLayout.charge(imageLength) <= layout.capacity();
    }

    /** Adds an image and returns its entry. */
    int add(ObjectKind kind, long id, MemorySegment source, long offset, int length) {
        long at = imageStart + imageBytes;
        MemorySegment.copy(source, offset, buffer, at, length);
        int aligned = SegmentLayout.alignImage(length);
        buffer.asSlice(at + length, aligned - length).fill((byte) 0);
        int value = SegmentReader.imageCrc(crc, writeNumber, segment, kind.code(), id)
                .add(at, length)
                .value();
        // Until the segment closes, offsets count from the first image.
        table.wrap(buffer, 0).entry(count, kind, id, length, value).entryOffset(count, imageBytes);
        imageBytes += aligned;
        charge += SegmentLayout.charge(length);
        return count++;
    }

    /** Writes the segment and notes it in the directory. */
    void close(BlockDevice device, long generation, SegmentDirectory directory) {
        int tableBytes = SegmentTable.lengthFor(count);
        int used = SegmentTable.HEADER_LENGTH + count * SegmentTable.ENTRY_LENGTH;
        buffer.asSlice(used, tableBytes - used).fill((byte) 0);
        long start = imageStart - tableBytes;
        if (start > 0) {
            MemorySegment.copy(buffer, 0, buffer, start, tableBytes);
        }
        table.wrap(buffer, start)
                .identity(pool, segment)
                .generation(generation)
                .writeNumber(writeNumber)
                .count(count)
                .imageBytes(imageBytes);
        for (int entry = 0; entry < count; entry++) {
            table.entryOffset(entry, table.entryOffset(entry) + tableBytes);
        }
        table.crc(crc.of(start + SegmentTable.SEGMENT_INDEX_OFFSET, tableBytes - SegmentTable.SEGMENT_INDEX_OFFSET));
        int length = (tableBytes + imageBytes + SegmentTable.ALIGNMENT - 1) & -SegmentTable.ALIGNMENT;
        buffer.asSlice(imageStart + imageBytes, length - tableBytes - imageBytes)
                .fill((byte) 0);
        device.write(transfer.reset(layout.segmentOffset(segment)).add(buffer, start, length), IoRole.CHECKPOINT);
        directory.written(segment, writeNumber, table.crc(), count, length);
    }
}
