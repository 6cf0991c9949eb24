package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Strings of the handshake: UTF-8 without a terminator, at most {@value #MAX_BYTES} bytes. */
public final class OptionText {

    /** Longest string either side may send, in bytes. */
    public static final int MAX_BYTES = 4096;

    private OptionText() {}

    /** The string, or {@code null} when it is too long, not UTF-8, or contains a NUL. */
    static String read(MemorySegment buffer, long start, long length) {
        if (length > MAX_BYTES) {
            return null;
        }
        ByteBuffer bytes = buffer.asSlice(start, length).asByteBuffer();
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            return text.indexOf('\0') < 0 ? text : null;
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    /** Copies bytes into a buffer and returns the offset after them. */
    static long write(MemorySegment buffer, long start, byte[] text) {
        MemorySegment.copy(text, 0, buffer, ValueLayout.JAVA_BYTE, start, text.length);
        return start + text.length;
    }

    /** The bytes of {@code text}, cut at a character so that they fit into one string of the protocol. */
    public static byte[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, MAX_BYTES);
        while (length < bytes.length && length > 0 && (bytes[length] & 0xC0) == 0x80) {
            length--;
        }
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }
}
