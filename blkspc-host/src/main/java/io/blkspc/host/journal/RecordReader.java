package io.blkspc.host.journal;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.format.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Cursor over a payload or image, little-endian. The counterpart of {@link RecordWriter}. Reusable; owned by one thread.
 * Every get throws {@link CorruptSpaceException} ({@code NEEDS_CHECK}) when fewer bytes are left than it needs, because
 * the bytes come from the medium.
 */
public final class RecordReader {

    private MemorySegment segment;
    private long start;
    private long cursor;
    private long end;
    private String structure;
    private long addressBytes;

    /**
     * Starts at {@code offset} of {@code buffer}.
     *
     * @param length bytes to read, at most
     * @param structure noun for error messages
     * @param addressBytes where the bytes come from in their file, for error messages
     */
    public RecordReader wrap(MemorySegment buffer, long offset, int length, String structure, long addressBytes) {
        java.util.Objects.checkFromIndexSize(offset, length, buffer.byteSize());
        segment = buffer;
        start = offset;
        cursor = offset;
        end = offset + length;
        this.structure = structure;
        this.addressBytes = addressBytes;
        return this;
    }

    /** Bytes not read yet. */
    public int remaining() {
        return (int) (end - cursor);
    }

    /** One byte, 0 to 255. */
    public int getByte() {
        return Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, take(Byte.BYTES)));
    }

    /** Two bytes, 0 to 65,535. */
    public int getShort() {
        return Short.toUnsignedInt(segment.get(LittleEndian.SHORT, take(Short.BYTES)));
    }

    /** Four bytes. */
    public int getInt() {
        return segment.get(LittleEndian.INT, take(Integer.BYTES));
    }

    /** Eight bytes. */
    public long getLong() {
        return segment.get(LittleEndian.LONG, take(Long.BYTES));
    }

    /** A text as {@link RecordWriter#putUtf8} wrote it; malformed UTF-8 is damage. */
    public String getUtf8() {
        int length = getShort();
        long at = take(length);
        ByteBuffer bytes = segment.asSlice(at, length).asByteBuffer();
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            CorruptSpaceException corrupt = corrupt("reason=not UTF-8");
            corrupt.addSuppressed(e);
            throw corrupt;
        }
    }

    /** Copies {@code length} bytes to {@code target} at {@code offset}. */
    public void getBytes(MemorySegment target, long offset, int length) {
        MemorySegment.copy(segment, take(length), target, offset, length);
    }

    /** Throws when something is left: the writer knew more than this reader. */
    public void expectEnd() {
        if (cursor != end) {
            throw corrupt("reason=bytes left over, left=" + remaining());
        }
    }

    /** What to throw when the bytes make no sense; {@code facts} as {@code name=value}. */
    public CorruptSpaceException corrupt(String facts) {
        return new CorruptSpaceException(
                BlockSpaceException.Code.NEEDS_CHECK, structure, addressBytes, facts + ", at=" + (cursor - start));
    }

    private long take(int length) {
        if (length < 0 || length > end - cursor) {
            throw corrupt("reason=too short, wanted=" + length + ", left=" + remaining());
        }
        long at = cursor;
        cursor += length;
        return at;
    }
}
