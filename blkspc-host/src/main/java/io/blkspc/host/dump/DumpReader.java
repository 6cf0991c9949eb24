package io.blkspc.host.dump;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.format.Crc32c;
import io.blkspc.host.format.LittleEndian;
import io.blkspc.host.journal.RecordReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads the records of a dump from a stream, in order, and verifies each before it tells anything of it. Every damage is a {@link
 * CorruptSpaceException} ({@code NEEDS_CHECK}) that names the record and its offset in the stream. One thread; the stream belongs
 * to the caller.
 */
public final class DumpReader {

    private static final String STRUCTURE = "dump record";

    private final InputStream in;
    private final MemorySegment buffer =
            Arena.ofAuto().allocate(DumpRecord.PAYLOAD_OFFSET + DumpRecord.MAX_PAYLOAD_BYTES, 4096);
    private final byte[] bytes = new byte[(int) buffer.byteSize()];
    private final Crc32c crc = new Crc32c(buffer);
    private final RecordReader payload = new RecordReader();
    private long dumpId;
    private long sequence;
    private long offset;
    private long nextOffset;
    private DumpRecord.Type type;
    private int length;

    /** A dump that nothing was read of yet. */
    public DumpReader(InputStream in) {
        this.in = in;
    }

    /**
     * Reads the next record.
     *
     * @throws CorruptSpaceException when it is damaged, or the dump ends here
     * @throws UncheckedIOException when the stream fails
     */
    public DumpRecord.Type next() {
        offset = nextOffset;
        fill(0, DumpRecord.PAYLOAD_OFFSET);
        if (buffer.get(LittleEndian.INT, 0) != DumpRecord.MAGIC) {
            throw damaged(offset == 0 ? "reason=this is not a dump" : "reason=magic");
        }
        length = buffer.get(LittleEndian.INT, DumpRecord.LENGTH_OFFSET);
        if (length < 0 || length > DumpRecord.MAX_PAYLOAD_BYTES) {
            throw damaged("length=" + Integer.toUnsignedString(length));
        }
        fill(DumpRecord.PAYLOAD_OFFSET, length);
        int total = DumpRecord.PAYLOAD_OFFSET + length;
        if (buffer.get(LittleEndian.INT, DumpRecord.CRC_OFFSET)
                != crc.of(DumpRecord.DUMP_ID_OFFSET, total - DumpRecord.DUMP_ID_OFFSET)) {
            throw damaged("reason=crc");
        }
        long foundSequence = buffer.get(LittleEndian.LONG, DumpRecord.SEQUENCE_OFFSET);
        if (foundSequence != sequence) {
            throw damaged("sequence=" + foundSequence + ", expected=" + sequence);
        }
        long foundId = buffer.get(LittleEndian.LONG, DumpRecord.DUMP_ID_OFFSET);
        if (sequence > 0 && foundId != dumpId) {
            throw damaged("reason=it belongs to another dump");
        }
        type = DumpRecord.Type.of(buffer.get(LittleEndian.INT, DumpRecord.TYPE_OFFSET));
        if (type == null) {
            throw damaged("type=" + buffer.get(LittleEndian.INT, DumpRecord.TYPE_OFFSET));
        }
        dumpId = foundId;
        sequence++;
        nextOffset = offset + total;
        return type;
    }

    /** Reads the next record, which must be of this type. */
    public void expect(DumpRecord.Type expected) {
        if (next() != expected) {
            throw damaged("type=" + type + ", expected=" + expected);
        }
    }

    /**
     * Makes sure that nothing comes behind the last record.
     *
     * @throws CorruptSpaceException when something does
     */
    public void expectEnd() {
        try {
            if (in.read() >= 0) {
                offset = nextOffset;
                throw damaged("reason=something comes behind the end");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Cursor over the payload of the record. */
    public RecordReader payload() {
        return payload.wrap(buffer, DumpRecord.PAYLOAD_OFFSET, length, STRUCTURE + " " + type, offset);
    }

    /** Native memory of the record. */
    public MemorySegment buffer() {
        return buffer;
    }

    /** Where the payload begins in {@link #buffer}. */
    public int payloadOffset() {
        return DumpRecord.PAYLOAD_OFFSET;
    }

    /** Records read so far. */
    public long recordCount() {
        return sequence;
    }

    /** What to throw when the record makes no sense; {@code facts} as {@code name=value}. */
    public CorruptSpaceException damaged(String facts) {
        return new CorruptSpaceException(
                Code.NEEDS_CHECK, type == null ? STRUCTURE : STRUCTURE + " " + type, offset, facts);
    }

    private void fill(int from, int count) {
        try {
            int got = in.readNBytes(bytes, from, count);
            if (got < count) {
                type = null;
                throw damaged("reason=the dump is truncated, bytes=" + (offset + from + got));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        MemorySegment.copy(bytes, from, buffer, ValueLayout.JAVA_BYTE, from, count);
    }
}
