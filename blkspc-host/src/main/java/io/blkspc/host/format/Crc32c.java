package io.blkspc.host.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC-32C (Castagnoli, RFC 3720) over parts of one buffer. The view of the buffer is made once, so that a checksum
 * allocates nothing. Owned by one thread at a time.
 */
public final class Crc32c {

    private final CRC32C crc = new CRC32C();
    private final ByteBuffer bytes;

    /** Checksums parts of {@code buffer}, at most 2 GiB of it. */
    public Crc32c(MemorySegment buffer) {
        bytes = buffer.asByteBuffer();
    }

    /** CRC of {@code length} bytes from {@code offset}. */
    public int of(long offset, long length) {
        return begin().add(offset, length).value();
    }

    /** Starts a checksum that is made of several parts. */
    public Crc32c begin() {
        crc.reset();
        return this;
    }

    /** Appends {@code length} bytes from {@code offset} to the checksum. */
    public Crc32c add(long offset, long length) {
        bytes.limit(Math.toIntExact(offset + length)).position(Math.toIntExact(offset));
        crc.update(bytes);
        return this;
    }

    /** Appends the four bytes of {@code value}, least significant first. */
    public Crc32c addInt(int value) {
        int rest = value;
        for (int i = 0; i < Integer.BYTES; i++) {
            crc.update(rest & 0xff);
            rest >>>= Byte.SIZE;
        }
        return this;
    }

    /** Appends the eight bytes of {@code value}, least significant first. */
    public Crc32c addLong(long value) {
        long rest = value;
        for (int i = 0; i < Long.BYTES; i++) {
            crc.update((int) rest & 0xff);
            rest >>>= Byte.SIZE;
        }
        return this;
    }

    /** The checksum of everything added since {@link #begin}. */
    public int value() {
        return (int) crc.getValue();
    }
}
