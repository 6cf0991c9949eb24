package io.blkspc.api;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * The checksum of the data that a commit names: CRC-32C exclusive-or CRC-32 of the same bytes (RFC 3720; ISO-HDLC, as in
 * gzip).
 *
 * <p>One CRC would not do. Data that ends with its own CRC has a CRC that does not depend on the rest: all versions of an ext4
 * directory block have the same CRC-32C, and recovery would take an old one for the new one that never arrived. The two
 * polynomials have no factor in common, so what hides from the one shows in the other.
 *
 * <p>Nothing is allocated per checksum. Owned by one thread at a time.
 */
public final class DataChecksum {

    private final CRC32C castagnoli = new CRC32C();
    private final CRC32 classic = new CRC32();

    /** Starts anew. */
    public DataChecksum reset() {
        castagnoli.reset();
        classic.reset();
        return this;
    }

    /** Adds the bytes from position to limit; the position is then the limit. */
    public DataChecksum update(ByteBuffer bytes) {
        int start = bytes.position();
        castagnoli.update(bytes);
        classic.update(bytes.position(start));
        return this;
    }

    /** The checksum of everything added since {@link #reset}. */
    public int value() {
        return (int) (castagnoli.getValue() ^ classic.getValue());
    }
}
