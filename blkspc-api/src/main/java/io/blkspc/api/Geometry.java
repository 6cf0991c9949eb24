package io.blkspc.api;

/** The sizes every host and client agree on. Changing one is a format change. */
public final class Geometry {

    /** Unit of mapping, allocation and sharing, in bytes. */
    public static final int BLOCK_BYTES = 4096;

    /** log2 of {@link #BLOCK_BYTES}. */
    public static final int BLOCK_SHIFT = 12;

    /** Largest {@code blockSize} of a reservation and largest range one checksum may cover, in bytes. */
    public static final int MAX_WINDOW_BYTES = 1 << 20;

    /** Smallest {@code blockSize} of a reservation, in bytes. */
    public static final int MIN_WINDOW_BYTES = 512;

    /** Largest volume, in bytes: 16 TiB, so that the extent tree has one fixed depth. */
    public static final long MAX_VOLUME_BYTES = 1L << 44;

    private Geometry() {}

    /**
     * Refuses what is no size of a volume.
     *
     * @throws IllegalArgumentException unless it is a multiple of 4096, 4096 to {@link #MAX_VOLUME_BYTES}
     */
    public static void checkVolumeSize(long sizeBytes) {
        if (sizeBytes < BLOCK_BYTES || sizeBytes > MAX_VOLUME_BYTES || !isBlockAligned(sizeBytes)) {
            throw new IllegalArgumentException(
                    "volume size is not a multiple of 4096 from 4096 to 16 TiB: size=" + sizeBytes);
        }
    }

    /** A size and a difference, bytes; at most {@link Long#MAX_VALUE}, at least {@link Long#MIN_VALUE}, which no volume may have. */
    public static long add(long sizeBytes, long differenceBytes) {
        return differenceBytes > Long.MAX_VALUE - sizeBytes ? Long.MAX_VALUE : sizeBytes + differenceBytes;
    }

    /** {@code true} when {@code bytes} is a whole number of blocks. */
    public static boolean isBlockAligned(long bytes) {
        return (bytes & (BLOCK_BYTES - 1)) == 0;
    }

    /** Bytes of so many blocks. */
    public static long toBytes(long blocks) {
        return blocks << BLOCK_SHIFT;
    }

    /** Whole blocks in so many bytes. */
    public static long toBlocks(long bytes) {
        return bytes >>> BLOCK_SHIFT;
    }

    /** {@code bytes} rounded down to a block boundary. */
    public static long alignDown(long bytes) {
        return bytes & -BLOCK_BYTES;
    }

    /** {@code bytes} rounded up to a block boundary; {@code bytes} must be at most {@link #MAX_VOLUME_BYTES}. */
    public static long alignUp(long bytes) {
        return (bytes + BLOCK_BYTES - 1) & -BLOCK_BYTES;
    }
}
