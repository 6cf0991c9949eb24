package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.xfsish.file.FileStatus;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct stat} of 64-bit Linux on x86, {@value #BYTES} bytes, in the byte order of the machine.
 *
 * <pre>
 *  offset size field     meaning
 *       0    8 st_dev    not used: the kernel knows
 *       8    8 st_ino    number of the inode
 *      16    8 st_nlink  names
 *      24    4 st_mode   type and permissions
 *      28    4 st_uid    owner
 *      32    4 st_gid    group
 *      36    4           padding
 *      40    8 st_rdev   0
 *      48    8 st_size   bytes
 *      56    8 st_blksize 4096
 *      64    8 st_blocks of 512 bytes
 *      72   16 st_atim   seconds, nanoseconds
 *      88   16 st_mtim
 *     104   16 st_ctim
 *     120   24           reserved
 * </pre>
 */
final class StatRecord {

    static final int BYTES = 144;
    static final int INODE_OFFSET = 8;
    static final int LINKS_OFFSET = 16;
    static final int MODE_OFFSET = 24;
    static final int UID_OFFSET = 28;
    static final int GID_OFFSET = 32;
    static final int SIZE_OFFSET = 48;
    static final int BLOCK_SIZE_OFFSET = 56;
    static final int BLOCKS_OFFSET = 64;
    static final int ACCESSED_OFFSET = 72;
    static final int MODIFIED_OFFSET = 88;
    static final int CHANGED_OFFSET = 104;

    private static final long NANOS = 1_000_000_000L;
    private static final int BLOCK_BYTES = 4096;
    private static final int SECTORS = BLOCK_BYTES / 512;

    private StatRecord() {}

    static void write(MemorySegment at, FileStatus status, long node) {
        at.asSlice(0, BYTES).fill((byte) 0);
        at.set(JAVA_LONG, INODE_OFFSET, node);
        at.set(JAVA_LONG, LINKS_OFFSET, status.links());
        at.set(JAVA_INT, MODE_OFFSET, status.mode());
        at.set(JAVA_INT, UID_OFFSET, status.uid());
        at.set(JAVA_INT, GID_OFFSET, status.gid());
        at.set(JAVA_LONG, SIZE_OFFSET, status.sizeBytes());
        at.set(JAVA_LONG, BLOCK_SIZE_OFFSET, BLOCK_BYTES);
        at.set(JAVA_LONG, BLOCKS_OFFSET, status.blocks() * SECTORS);
        time(at, ACCESSED_OFFSET, status.accessed());
        time(at, MODIFIED_OFFSET, status.modified());
        time(at, CHANGED_OFFSET, status.changed());
    }

    /** What a readdir tells of a name: number and type. */
    static void writeName(MemorySegment at, long node, int type) {
        at.asSlice(0, BYTES).fill((byte) 0);
        at.set(JAVA_LONG, INODE_OFFSET, node);
        at.set(JAVA_INT, MODE_OFFSET, type);
    }

    private static void time(MemorySegment at, long offset, long nanos) {
        at.set(JAVA_LONG, offset, Math.floorDiv(nanos, NANOS));
        at.set(JAVA_LONG, offset + 8, Math.floorMod(nanos, NANOS));
    }

    /** Nanoseconds since 1970 of a time at an address; the nearest there is for one beyond the years 1677 to 2262. */
    static long time(long stat, int offset) {
        long seconds = Memory.ALL.get(JAVA_LONG, stat + offset);
        long most = Long.MAX_VALUE / NANOS - 1;
        return Math.clamp(seconds, -most, most) * NANOS + Memory.ALL.get(JAVA_LONG, stat + offset + 8);
    }

    static int intAt(long stat, int offset) {
        return Memory.ALL.get(JAVA_INT, stat + offset);
    }

    static long sizeAt(long stat) {
        return Memory.ALL.get(JAVA_LONG, stat + SIZE_OFFSET);
    }
}
