package io.blkspc.host.journal;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;
import static io.blkspc.host.format.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Header of every journal record. Little-endian; a record starts on a 512-byte boundary of the ring and never crosses
 * its end. See docs/format/journal.md.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          0x4c4a4b42, "BKJL"
 *       4    4 headerCrc      CRC-32C of bytes 8 to 112; also what the next record carries as previousCrc
 *       8    4 payloadCrc     CRC-32C of bytes 112 to totalLength, padding included; of nothing (0) for PAD
 *      12    4 previousCrc    headerCrc of the record before: the chain
 *      16   16 poolUuid       most significant half first, each half little-endian
 *      32    8 salt           epoch salt; changes at create and at each recovery
 *      40    8 sequence       pool-wide, one more than the record before; PAD carries that of the record after it
 *      48    8 mark           H1 when the record was written: everything up to it is durable, data included
 *      56    8 forced         F when the record was written: highest sequence known to be journal-forced
 *      64    8 position       byte offset of this record in the ring: its own address
 *      72    2 type           {@link RecordType}
 *      74    2 flags          zero
 *      76    4 payloadLength  bytes of payload, without padding
 *      80    4 totalLength    header, payload and zero padding: a multiple of 512
 *      84   28 reserved       zero
 *     112      payload
 * </pre>
 *
 * <p>A record is <em>valid at</em> a position, for an expected sequence and previous CRC, if and only if magic, both
 * CRCs, uuid, salt, position, sequence and previousCrc are what they must be and the lengths agree. A header is
 * <em>genuine</em> if magic, headerCrc, uuid, salt and position are right, wherever the chain stands: its mark and forced
 * are true statements even when its payload did not arrive.
 *
 * <p>Two CRCs, because a header must be judged without its payload: it tells where the payload ends, and its marks count
 * when only its own sector reached the medium.
 */
final class JournalRecordHeader {

    static final int MAGIC = 0x4c4a4b42;
    static final int ALIGNMENT = 512;

    static final int MAGIC_OFFSET = 0;
    static final int HEADER_CRC_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int PAYLOAD_CRC_OFFSET = HEADER_CRC_OFFSET + Integer.BYTES;
    static final int PREVIOUS_CRC_OFFSET = PAYLOAD_CRC_OFFSET + Integer.BYTES;
    static final int UUID_OFFSET = PREVIOUS_CRC_OFFSET + Integer.BYTES;
    static final int SALT_OFFSET = UUID_OFFSET + 2 * Long.BYTES;
    static final int SEQUENCE_OFFSET = SALT_OFFSET + Long.BYTES;
    static final int MARK_OFFSET = SEQUENCE_OFFSET + Long.BYTES;
    static final int FORCED_OFFSET = MARK_OFFSET + Long.BYTES;
    static final int POSITION_OFFSET = FORCED_OFFSET + Long.BYTES;
    static final int TYPE_OFFSET = POSITION_OFFSET + Long.BYTES;
    static final int FLAGS_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int PAYLOAD_LENGTH_OFFSET = FLAGS_OFFSET + Short.BYTES;
    static final int TOTAL_LENGTH_OFFSET = PAYLOAD_LENGTH_OFFSET + Integer.BYTES;
    static final int RESERVED_OFFSET = TOTAL_LENGTH_OFFSET + Integer.BYTES;
    static final int LENGTH = RESERVED_OFFSET + 28;

    /** First byte the header CRC covers. */
    static final int CRC_FROM = PAYLOAD_CRC_OFFSET;

    private MemorySegment segment;
    private long offset;

    JournalRecordHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Bytes a record with that much payload takes in the ring. */
    static int totalLengthFor(int payloadBytes) {
        return (LENGTH + payloadBytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    static int magic(MemorySegment buffer, long start) {
        return buffer.get(INT, start + MAGIC_OFFSET);
    }

    int magic() {
        return magic(segment, offset);
    }

    JournalRecordHeader magic(int magic) {
        segment.set(INT, offset + MAGIC_OFFSET, magic);
        return this;
    }

    int headerCrc() {
        return segment.get(INT, offset + HEADER_CRC_OFFSET);
    }

    JournalRecordHeader headerCrc(int crc) {
        segment.set(INT, offset + HEADER_CRC_OFFSET, crc);
        return this;
    }

    int payloadCrc() {
        return segment.get(INT, offset + PAYLOAD_CRC_OFFSET);
    }

    JournalRecordHeader payloadCrc(int crc) {
        segment.set(INT, offset + PAYLOAD_CRC_OFFSET, crc);
        return this;
    }

    int previousCrc() {
        return segment.get(INT, offset + PREVIOUS_CRC_OFFSET);
    }

    JournalRecordHeader previousCrc(int crc) {
        segment.set(INT, offset + PREVIOUS_CRC_OFFSET, crc);
        return this;
    }

    boolean isOf(UUID pool) {
        return segment.get(LONG, offset + UUID_OFFSET) == pool.getMostSignificantBits()
                && segment.get(LONG, offset + UUID_OFFSET + Long.BYTES) == pool.getLeastSignificantBits();
    }

    JournalRecordHeader pool(UUID pool) {
        segment.set(LONG, offset + UUID_OFFSET, pool.getMostSignificantBits());
        segment.set(LONG, offset + UUID_OFFSET + Long.BYTES, pool.getLeastSignificantBits());
        return this;
    }

    long salt() {
        return segment.get(LONG, offset + SALT_OFFSET);
    }

    JournalRecordHeader salt(long salt) {
        segment.set(LONG, offset + SALT_OFFSET, salt);
        return this;
    }

    long sequence() {
        return segment.get(LONG, offset + SEQUENCE_OFFSET);
    }

    JournalRecordHeader sequence(long sequence) {
        segment.set(LONG, offset + SEQUENCE_OFFSET, sequence);
        return this;
    }

    long mark() {
        return segment.get(LONG, offset + MARK_OFFSET);
    }

    JournalRecordHeader mark(long mark) {
        segment.set(LONG, offset + MARK_OFFSET, mark);
        return this;
    }

    long forced() {
        return segment.get(LONG, offset + FORCED_OFFSET);
    }

    JournalRecordHeader forced(long forced) {
        segment.set(LONG, offset + FORCED_OFFSET, forced);
        return this;
    }

    long position() {
        return segment.get(LONG, offset + POSITION_OFFSET);
    }

    JournalRecordHeader position(long position) {
        segment.set(LONG, offset + POSITION_OFFSET, position);
        return this;
    }

    int typeCode() {
        return Short.toUnsignedInt(segment.get(SHORT, offset + TYPE_OFFSET));
    }

    JournalRecordHeader type(RecordType type) {
        segment.set(SHORT, offset + TYPE_OFFSET, (short) type.code());
        segment.set(SHORT, offset + FLAGS_OFFSET, (short) 0);
        return this;
    }

    int flags() {
        return Short.toUnsignedInt(segment.get(SHORT, offset + FLAGS_OFFSET));
    }

    int payloadLength() {
        return segment.get(INT, offset + PAYLOAD_LENGTH_OFFSET);
    }

    JournalRecordHeader payloadLength(int bytes) {
        segment.set(INT, offset + PAYLOAD_LENGTH_OFFSET, bytes);
        return this;
    }

    int totalLength() {
        return segment.get(INT, offset + TOTAL_LENGTH_OFFSET);
    }

    JournalRecordHeader totalLength(int bytes) {
        segment.set(INT, offset + TOTAL_LENGTH_OFFSET, bytes);
        return this;
    }

    /** Zeroes the reserved bytes. */
    JournalRecordHeader clearReserved() {
        for (int at = RESERVED_OFFSET; at < LENGTH; at += Integer.BYTES) {
            segment.set(INT, offset + at, 0);
        }
        return this;
    }

    /** {@code true} when flags and reserved bytes are zero, as this format writes them. */
    boolean reservedIsZero() {
        int bits = flags();
        for (int at = RESERVED_OFFSET; at < LENGTH; at += Integer.BYTES) {
            bits |= segment.get(INT, offset + at);
        }
        return bits == 0;
    }
}
