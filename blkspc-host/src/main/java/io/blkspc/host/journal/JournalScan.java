package io.blkspc.host.journal;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import java.util.UUID;

/**
 * Reads a journal after a stop. First a look at every 512-byte boundary of the ring for genuine headers of this salt, for
 * their marks only; then a walk along the chain from the start, which ends at the first record that is missing or
 * invalid. Nothing past that point is ever delivered (SEMANTICS R3).
 *
 * <p>Old laps have a wrong sequence or previous CRC, old runs a wrong salt, misplaced sectors a wrong position.
 */
public final class JournalScan {

    private final RingWindow ring;
    private final UUID pool;
    private final ReplayStart start;
    private final JournalRecordHeader header = new JournalRecordHeader();
    private long highestMark;
    private long highestForced;
    private long highestSequence;

    private JournalScan(RingWindow ring, UUID pool, ReplayStart start) {
        this.ring = ring;
        this.pool = pool;
        this.start = start;
        highestMark = start.mark();
        highestForced = start.forced();
        highestSequence = start.nextSequence() - 1;
    }

    /**
     * Scans the ring.
     *
     * @param visitor called for each valid record; its exceptions end the scan
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when a record with right CRCs says something no version wrote, or
     *     the start is outside the ring. A damaged or missing record is not an exception: see {@link
     *     ScanResult#tailDamagedAtOrBelowForced}
     */
    public static ScanResult scan(BlockDevice device, UUID pool, ReplayStart start, RecordVisitor visitor) {
        return scan(device, pool, start, visitor, RingWindow.WINDOW_BYTES);
    }

    static ScanResult scan(BlockDevice device, UUID pool, ReplayStart start, RecordVisitor visitor, long windowBytes) {
        if (Journal.capacityOf(device) < Journal.MIN_CAPACITY_BYTES) {
            throw new CorruptSpaceException(
                    BlockSpaceException.Code.NEEDS_CHECK, "journal", 0, "reason=too short, size=" + device.sizeBytes());
        }
        try (RingWindow ring = new RingWindow(device, windowBytes)) {
            if (start.position() < 0
                    || start.position() >= ring.capacity()
                    || start.position() % JournalRecordHeader.ALIGNMENT != 0
                    || start.nextSequence() < 1) {
                throw new CorruptSpaceException(
                        BlockSpaceException.Code.NEEDS_CHECK,
                        "journal",
                        start.position(),
                        "reason=start is outside the ring, capacity=" + ring.capacity() + ", nextSequence="
                                + start.nextSequence());
            }
            JournalScan scan = new JournalScan(ring, pool, start);
            scan.survey();
            visitor.marks(scan.highestMark, scan.highestForced);
            ScanResult result = scan.walk(visitor);
            if (result.tailDamagedAtOrBelowForced()) {
                scan.beyond(visitor, result.lastSequence());
            }
            return result;
        }
    }

    /** Looks over the whole ring for the marks. */
    private void survey() {
        for (long position = 0; position < ring.capacity(); position += JournalRecordHeader.ALIGNMENT) {
            long at = ring.load(position, JournalRecordHeader.ALIGNMENT);
            if (JournalRecordHeader.magic(ring.memory(), at) == JournalRecordHeader.MAGIC && isGenuine(at, position)) {
                highestMark = Math.max(highestMark, header.mark());
                highestForced = Math.max(highestForced, header.forced());
                if (header.typeCode() != RecordType.PAD.code()) {
                    highestSequence = Math.max(highestSequence, header.sequence());
                }
            }
        }
    }

    /** Shows what else is whole in the ring after the last record that counts. */
    private void beyond(RecordVisitor visitor, long lastSequence) {
        RecordReader payload = new RecordReader();
        for (long position = 0; position < ring.capacity(); position += JournalRecordHeader.ALIGNMENT) {
            long at = ring.load(position, JournalRecordHeader.ALIGNMENT);
            if (JournalRecordHeader.magic(ring.memory(), at) != JournalRecordHeader.MAGIC
                    || !isGenuine(at, position)
                    || header.sequence() <= lastSequence
                    || !isValid(position, header.sequence(), header.previousCrc())) {
                continue;
            }
            RecordType type = RecordType.of(header.typeCode());
            if (type != null && type != RecordType.PAD) {
                at = ring.load(position, header.totalLength());
                payload.wrap(
                        ring.memory(),
                        at + JournalRecordHeader.LENGTH,
                        header.payloadLength(),
                        "journal record",
                        position);
                visitor.beyond(type, payload);
            }
        }
    }

    private ScanResult walk(RecordVisitor visitor) {
        RecordReader payload = new RecordReader();
        long sequence = start.nextSequence() - 1;
        long position = start.position();
        int previousCrc = start.previousCrc();
        while (isValid(position, sequence + 1, previousCrc)) {
            RecordType type = typeAt(position);
            previousCrc = header.headerCrc();
            long next = position + header.totalLength();
            if (type != RecordType.PAD) {
                sequence++;
                long at = ring.load(position, header.totalLength());
                payload.wrap(
                        ring.memory(),
                        at + JournalRecordHeader.LENGTH,
                        header.payloadLength(),
                        "journal record",
                        position);
                visitor.record(sequence, type, header.mark(), header.forced(), payload);
            }
            position = next == ring.capacity() ? 0 : next;
        }
        return new ScanResult(sequence, position, previousCrc, highestMark, highestForced, highestSequence);
    }

    /** Wraps the header at {@code position} and judges it and its payload. */
    private boolean isValid(long position, long sequence, int previousCrc) {
        long at = ring.load(position, JournalRecordHeader.ALIGNMENT);
        if (!isGenuine(at, position) || header.sequence() != sequence || header.previousCrc() != previousCrc) {
            return false;
        }
        int total = header.totalLength();
        if (header.typeCode() == RecordType.PAD.code()) {
            return header.payloadLength() == 0 && position + total == ring.capacity();
        }
        int payload = header.payloadLength();
        if (payload < 0
                || payload > Journal.maxPayloadBytes(ring.capacity())
                || total != JournalRecordHeader.totalLengthFor(payload)
                || position + total > ring.capacity()) {
            return false;
        }
        at = ring.load(position, total);
        header.wrap(ring.memory(), at);
        int crc = ring.crc().of(at + JournalRecordHeader.LENGTH, total - JournalRecordHeader.LENGTH);
        return header.payloadCrc() == crc;
    }

    private boolean isGenuine(long at, long position) {
        header.wrap(ring.memory(), at);
        return header.magic() == JournalRecordHeader.MAGIC
                && header.salt() == start.salt()
                && header.position() == position
                && header.isOf(pool)
                && header.headerCrc()
                        == ring.crc()
                                .of(
                                        at + JournalRecordHeader.CRC_FROM,
                                        JournalRecordHeader.LENGTH - JournalRecordHeader.CRC_FROM);
    }

    private RecordType typeAt(long position) {
        RecordType type = RecordType.of(header.typeCode());
        if (type == null || !header.reservedIsZero()) {
            throw new CorruptSpaceException(
                    BlockSpaceException.Code.NEEDS_CHECK,
                    "journal record",
                    position,
                    "reason=unknown type or reserved bytes in use, type=" + header.typeCode() + ", sequence="
                            + header.sequence());
        }
        return type;
    }
}
