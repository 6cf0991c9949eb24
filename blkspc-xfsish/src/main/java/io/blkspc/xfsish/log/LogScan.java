package io.blkspc.xfsish.log;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.format.LogRecord;
import io.blkspc.xfsish.format.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the log says: the newest whole record, and the images that are newer than what lies in place. Changes nothing.
 *
 * <p>A record that is not whole is one that a crash cut short: nobody was told that it is durable. But between the tail that
 * the newest whole record names and that record none may be missing, because each was durable before the next was begun.
 *
 * @param newest the newest whole record
 * @param images the newest image of each block, by address
 */
public record LogScan(LogRecord newest, SortedMap<Long, MemorySegment> images) {

    /**
     * Reads the whole log.
     *
     * @throws CorruptSpaceException {@code CORRUPT} when a record is missing
     */
    public static LogScan read(BlockReader reader, Superblock superblock) {
        SortedMap<Long, LogRecord> records = new TreeMap<>();
        MemorySegment block = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        long end = superblock.logStart() + superblock.logBlocks();
        for (long address = superblock.logStart(); address < end; address++) {
            reader.read(address, block);
            LogRecord record = LogRecord.read(block, address, superblock);
            if (record != null) {
                records.put(record.sequence(), record);
            }
        }
        LogRecord newest = newestWhole(reader, records);
        SortedMap<Long, MemorySegment> images = new TreeMap<>();
        if (newest == null) {
            throw missing(superblock, "no whole record");
        }
        for (long sequence = newest.tail(); sequence <= newest.sequence(); sequence++) {
            LogRecord record = records.get(sequence);
            if (record == null || !isWhole(reader, record)) {
                throw missing(
                        superblock,
                        "sequence=" + sequence + ", tail=" + newest.tail() + ", newest=" + newest.sequence());
            }
            addImages(reader, record, images);
        }
        return new LogScan(newest, images);
    }

    private static LogRecord newestWhole(BlockReader reader, SortedMap<Long, LogRecord> records) {
        for (LogRecord record : records.sequencedValues().reversed()) {
            if (isWhole(reader, record)) {
                return record;
            }
        }
        return null;
    }

    private static boolean isWhole(BlockReader reader, LogRecord record) {
        DataChecksum checksum = new DataChecksum();
        MemorySegment block = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        for (int i = 0; i < record.addresses().length; i++) {
            reader.read(record.address() + 1 + i, block);
            checksum.update(block.asByteBuffer());
        }
        return record.imagesCrc() == (record.addresses().length == 0 ? 0 : checksum.value());
    }

    private static void addImages(BlockReader reader, LogRecord record, Map<Long, MemorySegment> images) {
        for (int i = 0; i < record.addresses().length; i++) {
            MemorySegment image = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
            reader.read(record.address() + 1 + i, image);
            images.put(record.addresses()[i], image);
        }
    }

    private static CorruptSpaceException missing(Superblock superblock, String facts) {
        return new CorruptSpaceException(
                Code.CORRUPT, "log", superblock.logStart() << Geometry.BLOCK_SHIFT, "a record is missing: " + facts);
    }
}
