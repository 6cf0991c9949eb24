package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What a volume holds for certain, and what of it may also be newer because it was written and not flushed. What is written is of
 * a kind, and each sector begins with its name, so that a disk can tell which it is.
 */
final class FlushedContents {

    private static final int NAME_BYTES = Long.BYTES;

    private final byte[] flushed;
    private final byte[] newer;

    /** Zeros. */
    FlushedContents(int sizeBytes) {
        flushed = new byte[sizeBytes];
        newer = new byte[sizeBytes];
    }

    /** Some bytes of this kind; of the same length they are always the same. */
    static byte[] of(String kind, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        byte[] name = Arrays.copyOf(kind.getBytes(StandardCharsets.US_ASCII), NAME_BYTES);
        for (int at = 0; at < lengthBytes; at++) {
            int inSector = at % Sector.BYTES;
            bytes[at] = inSector < NAME_BYTES ? name[inSector] : (byte) (name[0] + 31 * inSector + at / Sector.BYTES);
        }
        return bytes;
    }

    /** Whether at least one sector begins with this. */
    static boolean has(String name, ByteBuffer bytes) {
        ByteBuffer wanted = StandardCharsets.US_ASCII.encode(name);
        for (int at = 0; at + Sector.BYTES <= bytes.limit(); at += Sector.BYTES) {
            if (bytes.slice(at, wanted.remaining()).equals(wanted)) {
                return true;
            }
        }
        return false;
    }

    /** This is there from now on, whatever happens. */
    void flushed(int at, byte[] bytes) {
        System.arraycopy(bytes, 0, flushed, at, bytes.length);
        newer(at, bytes);
    }

    /** This may be there. */
    void newer(int at, byte[] bytes) {
        System.arraycopy(bytes, 0, newer, at, bytes.length);
    }

    /** Fails unless every sector is one of the two; what is seen is what must be seen from now on. */
    void settle(byte[] seen) {
        for (int at = 0; at < seen.length; at += Sector.BYTES) {
            int end = at + Sector.BYTES;
            if (!Arrays.equals(seen, at, end, newer, at, end)) {
                assertThat(Arrays.copyOfRange(seen, at, end))
                        .as("sector at %d", at)
                        .isEqualTo(Arrays.copyOfRange(flushed, at, end));
            }
        }
        flushed(0, seen);
    }
}
