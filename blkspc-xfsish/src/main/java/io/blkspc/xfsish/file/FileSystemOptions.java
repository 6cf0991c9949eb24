package io.blkspc.xfsish.file;

import io.blkspc.xfsish.SubvolumeConfig;
import io.blkspc.xfsish.inode.IndexLimits;
import java.util.function.LongSupplier;

/**
 * How to mount.
 *
 * @param memory buffers; at least 256 of them dirty
 * @param clock nanoseconds since 1970-01-01 UTC, for the times of inodes
 * @param indexes of names in directories
 */
public record FileSystemOptions(SubvolumeConfig memory, LongSupplier clock, IndexLimits indexes) {

    static final int MIN_DIRTY = 256;

    /** Refuses what cannot work. */
    public FileSystemOptions {
        if (memory.maxDirtyBlocks() < MIN_DIRTY) {
            throw new IllegalArgumentException("too little memory: maxDirtyBlocks=" + memory.maxDirtyBlocks());
        }
    }

    /** With indexes as usual. */
    public FileSystemOptions(SubvolumeConfig memory, LongSupplier clock) {
        this(memory, clock, IndexLimits.defaults());
    }

    /** 16 MiB dirty, 8 MiB more for reading. */
    public static FileSystemOptions defaults(LongSupplier clock) {
        return new FileSystemOptions(new SubvolumeConfig(4096, 2048), clock);
    }
}
