package io.blkspc.xfsish;

/**
 * Memory of a subvolume, in blocks of 4096 bytes.
 *
 * @param maxDirtyBlocks most dirty blocks, and the largest transaction; write-back starts when a transaction needs more
 * @param readBlocks blocks beyond that, which are never dirty
 */
public record SubvolumeConfig(int maxDirtyBlocks, int readBlocks) {

    /** Refuses what cannot work. */
    public SubvolumeConfig {
        if (maxDirtyBlocks < 1 || readBlocks < 1) {
            throw new IllegalArgumentException("maxDirtyBlocks=" + maxDirtyBlocks + ", readBlocks=" + readBlocks);
        }
    }

    /** 4 MiB dirty, 4 MiB more for reading. */
    public static SubvolumeConfig defaults() {
        return new SubvolumeConfig(1024, 1024);
    }
}
