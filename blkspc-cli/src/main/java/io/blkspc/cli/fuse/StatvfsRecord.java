package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.xfsish.file.SpaceStatus;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct statvfs} of 64-bit Linux, {@value #BYTES} bytes. What it calls <i>available</i> is what the pool promised when it
 * was asked just now, not what is merely unused: that is <i>free</i>.
 *
 * <pre>
 *  offset size field     meaning
 *       0    8 f_bsize   4096
 *       8    8 f_frsize  4096, the unit of the next three
 *      16    8 f_blocks  limit of the file system
 *      24    8 f_bfree   of that, not used
 *      32    8 f_bavail  of that, what can be written now, however full the pool is
 *      40    8 f_files   inodes: those in use, and eight for each available block
 *      48    8 f_ffree   eight for each available block
 *      56    8 f_favail  the same
 *      64   16           f_fsid, f_flag: the kernel's
 *      80    8 f_namemax 255
 * </pre>
 */
final class StatvfsRecord {

    static final int BYTES = 112;
    static final int BLOCK_SIZE_OFFSET = 0;
    static final int UNIT_OFFSET = 8;
    static final int BLOCKS_OFFSET = 16;
    static final int FREE_OFFSET = 24;
    static final int AVAILABLE_OFFSET = 32;
    static final int FILES_OFFSET = 40;
    static final int FREE_FILES_OFFSET = 48;
    static final int AVAILABLE_FILES_OFFSET = 56;
    static final int NAME_MAX_OFFSET = 80;

    private static final int BLOCK_BYTES = 4096;
    private static final int INODES_PER_BLOCK = 8;
    private static final int NAME_MAX = 255;

    private StatvfsRecord() {}

    static void write(MemorySegment at, SpaceStatus space) {
        at.asSlice(0, BYTES).fill((byte) 0);
        long available = space.writableBlocks();
        long freeFiles = INODES_PER_BLOCK * available;
        at.set(JAVA_LONG, BLOCK_SIZE_OFFSET, BLOCK_BYTES);
        at.set(JAVA_LONG, UNIT_OFFSET, BLOCK_BYTES);
        at.set(JAVA_LONG, BLOCKS_OFFSET, space.usableBlocks());
        at.set(JAVA_LONG, FREE_OFFSET, space.freeBlocks());
        at.set(JAVA_LONG, AVAILABLE_OFFSET, available);
        at.set(JAVA_LONG, FILES_OFFSET, space.usedInodes() + freeFiles);
        at.set(JAVA_LONG, FREE_FILES_OFFSET, freeFiles);
        at.set(JAVA_LONG, AVAILABLE_FILES_OFFSET, freeFiles);
        at.set(JAVA_LONG, NAME_MAX_OFFSET, NAME_MAX);
    }
}
