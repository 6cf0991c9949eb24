package io.blkspc.host.dump;

import io.blkspc.host.format.Crc32c;
import io.blkspc.host.format.LittleEndian;
import io.blkspc.host.journal.RecordWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Writes the records of one dump to a stream, in order. The payload is made in {@link #buffer} at {@link #payloadOffset}, with
 * {@link #payload} or by a device. One thread; the stream belongs to the caller.
 */
public final class DumpWriter {

    private final OutputStream out;
    private final long dumpId;
    private final MemorySegment buffer =
            Arena.ofAuto().allocate(DumpRecord.PAYLOAD_OFFSET + DumpRecord.MAX_PAYLOAD_BYTES, 4096);
    private final byte[] bytes = new byte[(int) buffer.byteSize()];
    private final Crc32c crc = new Crc32c(buffer);
    private final RecordWriter payload = new RecordWriter();
    private long sequence;

    /** A dump that nothing was written of yet. */
    public DumpWriter(OutputStream out, long dumpId) {
        this.out = out;
        this.dumpId = dumpId;
    }

    /** Cursor at the start of an empty payload. */
    public RecordWriter payload() {
        return payload.wrap(buffer, DumpRecord.PAYLOAD_OFFSET);
    }

    /** Native memory of the record. */
    public MemorySegment buffer() {
        return buffer;
    }

    /** Where the payload begins in {@link #buffer}. */
    public int payloadOffset() {
        return DumpRecord.PAYLOAD_OFFSET;
    }

    /** Records written so far. */
    public long recordCount() {
        return sequence;
    }

    /**
     * Writes what was put into {@link #payload} as one record.
     *
     * @throws UncheckedIOException when the stream fails
     */
    public void write(DumpRecord.Type type) {
        write(type, payload.length());
    }

    /** Writes the record whose payload is {@code length} bytes. */
    public void write(DumpRecord.Type type, int length) {
        buffer.set(LittleEndian.INT, 0, DumpRecord.MAGIC);
        buffer.set(LittleEndian.LONG, DumpRecord.DUMP_ID_OFFSET, dumpId);
        buffer.set(LittleEndian.LONG, DumpRecord.SEQUENCE_OFFSET, sequence);
        buffer.set(LittleEndian.INT, DumpRecord.TYPE_OFFSET, type.code());
        buffer.set(LittleEndian.INT, DumpRecord.LENGTH_OFFSET, length);
        int total = DumpRecord.PAYLOAD_OFFSET + length;
        buffer.set(
                LittleEndian.INT,
                DumpRecord.CRC_OFFSET,
                crc.of(DumpRecord.DUMP_ID_OFFSET, total - DumpRecord.DUMP_ID_OFFSET));
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, 0, total);
        try {
            out.write(bytes, 0, total);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sequence++;
    }
}
