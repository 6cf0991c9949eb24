package io.blkspc.xfsish.inode;

/**
 * Which directories get an index of their names in memory.
 *
 * @param fromBlocks smallest directory that gets one, in blocks; at least 1
 * @param maxBytes heap of all indexes of a file system; those used least lately are dropped
 */
public record IndexLimits(int fromBlocks, long maxBytes) {

    /** Refuses what cannot work. */
    public IndexLimits {
        if (fromBlocks < 1 || maxBytes < 0) {
            throw new IllegalArgumentException("no such limits: fromBlocks=" + fromBlocks + ", maxBytes=" + maxBytes);
        }
    }

    /** From 4 blocks on, that is some hundred names; 16 MiB, which is some million of them. */
    public static IndexLimits defaults() {
        return new IndexLimits(4, 16 << 20);
    }
}
