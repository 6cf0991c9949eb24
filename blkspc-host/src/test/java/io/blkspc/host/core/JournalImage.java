package io.blkspc.host.core;

import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.journal.ReplayStart;
import io.blkspc.host.sim.SimDevice;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A journal ring read by hand, from the layout in docs/format/journal.md and not by the engine's own scan: for tests that
 * judge what the engine made of it, or that damage it.
 */
public final class JournalImage {

    /** Records start on such boundaries. */
    public static final int ALIGNMENT = 512;

    /** Bytes of a header. */
    public static final int HEADER_BYTES = 112;

    private static final int MAGIC = 0x4c4a4b42;

    private final ByteBuffer ring;

    /**
     * One header.
     *
     * @param at byte offset in the ring
     * @param genuine magic, header CRC and position are right
     * @param whole the payload CRC is right as well
     */
    public record Found(
            int at,
            boolean genuine,
            boolean whole,
            long salt,
            int headerCrc,
            int previousCrc,
            long sequence,
            long mark,
            long forced,
            RecordType type,
            int payloadLength,
            int totalLength) {

        /** Filler at the end of the ring. */
        public boolean isPad() {
            return type == RecordType.PAD;
        }
    }

    /** A ring of these bytes. */
    public JournalImage(byte[] bytes) {
        ring = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What readers of the device see now. */
    public static JournalImage of(SimDevice journal) {
        return new JournalImage(journal.peek(0, (int) journal.sizeBytes()));
    }

    /** Whatever has the magic number on a 512-byte boundary. */
    public List<Found> headers() {
        List<Found> found = new ArrayList<>();
        for (int at = 0; at + ALIGNMENT <= ring.capacity(); at += ALIGNMENT) {
            if (ring.getInt(at) == MAGIC) {
                found.add(header(at));
            }
        }
        return found;
    }

    /** The genuine headers of one salt, padding included. */
    public List<Found> genuine(long salt) {
        return headers().stream()
                .filter(header -> header.genuine && header.salt == salt)
                .toList();
    }

    /** The records a replay from there must deliver, in order, without padding. */
    public List<Found> chain(ReplayStart start) {
        List<Found> records = new ArrayList<>();
        long sequence = start.nextSequence();
        int previousCrc = start.previousCrc();
        int at = (int) start.position();
        while (ring.getInt(at) == MAGIC) {
            Found record = header(at);
            if (!record.genuine
                    || !record.whole
                    || record.salt != start.salt()
                    || record.sequence != sequence
                    || record.previousCrc != previousCrc) {
                break;
            }
            if (!record.isPad()) {
                records.add(record);
                sequence++;
            }
            previousCrc = record.headerCrc;
            at = (at + record.totalLength) % ring.capacity();
        }
        return records;
    }

    /** A reader at the start of the payload. */
    public RecordReader payload(Found record) {
        MemorySegment memory = MemorySegment.ofArray(ring.array());
        return new RecordReader()
                .wrap(memory, record.at + HEADER_BYTES, record.payloadLength, "journal record", record.at);
    }

    private Found header(int at) {
        int payloadLength = ring.getInt(at + 76);
        int totalLength = ring.getInt(at + 80);
        RecordType type = type(Short.toUnsignedInt(ring.getShort(at + 72)));
        boolean genuine = crc(at + 8, HEADER_BYTES - 8) == ring.getInt(at + 4) && ring.getLong(at + 64) == at;
        boolean fits = payloadLength >= 0
                && totalLength >= ALIGNMENT
                && totalLength % ALIGNMENT == 0
                && totalLength <= ring.capacity() - at;
        boolean pad = type == RecordType.PAD;
        boolean whole =
                genuine && fits && (pad || crc(at + HEADER_BYTES, totalLength - HEADER_BYTES) == ring.getInt(at + 8));
        return new Found(
                at,
                genuine,
                whole,
                ring.getLong(at + 32),
                ring.getInt(at + 4),
                ring.getInt(at + 12),
                ring.getLong(at + 40),
                ring.getLong(at + 48),
                ring.getLong(at + 56),
                type,
                payloadLength,
                totalLength);
    }

    /** Gives the record at {@code at} the header CRC that fits its bytes: what a faulty writer would leave. */
    public static void reseal(byte[] bytes, int at) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, at + 8, HEADER_BYTES - 8);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at + 4, (int) crc.getValue());
    }

    private static RecordType type(int code) {
        for (RecordType type : RecordType.values()) {
            if (type.code() == code) {
                return type;
            }
        }
        return null;
    }

    private int crc(int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(ring.array(), from, length);
        return (int) crc.getValue();
    }
}
