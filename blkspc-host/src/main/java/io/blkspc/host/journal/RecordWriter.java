package io.blkspc.host.journal;

import io.blkspc.host.format.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * Cursor that builds a payload or image, little-endian, in a caller's buffer. Reusable; owned by one thread. Writing past
 * the end of the buffer throws {@link IndexOutOfBoundsException} and leaves the cursor.
 */
public final class RecordWriter {

    private MemorySegment segment;
    private long start;
    private long cursor;

    /** Starts at byte {@code offset} of {@code buffer}. */
    public RecordWriter wrap(MemorySegment buffer, long offset) {
        segment = buffer;
        start = offset;
        cursor = offset;
        return this;
    }

    /** Bytes written since {@link #wrap}. */
    public int length() {
        return (int) (cursor - start);
    }

    /** Appends the low byte of {@code value}. */
    public RecordWriter putByte(int value) {
        segment.set(ValueLayout.JAVA_BYTE, cursor, (byte) value);
        cursor += Byte.BYTES;
        return this;
    }

    /** Appends the two low bytes of {@code value}. */
    public RecordWriter putShort(int value) {
        segment.set(LittleEndian.SHORT, cursor, (short) value);
        cursor += Short.BYTES;
        return this;
    }

    /** Appends four bytes. */
    public RecordWriter putInt(int value) {
        segment.set(LittleEndian.INT, cursor, value);
        cursor += Integer.BYTES;
        return this;
    }

    /** Appends eight bytes. */
    public RecordWriter putLong(long value) {
        segment.set(LittleEndian.LONG, cursor, value);
        cursor += Long.BYTES;
        return this;
    }

    /**
     * Appends a text: two bytes of length, then UTF-8. Allocates; not for the data path.
     *
     * @throws IllegalArgumentException above 65,535 bytes
     */
    public RecordWriter putUtf8(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0xffff) {
            throw new IllegalArgumentException("text is too long: bytes=" + bytes.length);
        }
        MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, cursor + Short.BYTES, bytes.length);
        segment.set(LittleEndian.SHORT, cursor, (short) bytes.length);
        cursor += Short.BYTES + bytes.length;
        return this;
    }

    /** Appends {@code length} bytes of {@code source} from {@code offset}. */
    public RecordWriter putBytes(MemorySegment source, long offset, long length) {
        MemorySegment.copy(source, offset, segment, cursor, length);
        cursor += length;
        return this;
    }
}
