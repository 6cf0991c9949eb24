package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the kernel says of one open file: {@code struct statx} (linux/stat.h, the same on every architecture) and the type
 * of its file system.
 *
 * @param sizeBytes capacity of a file or block device
 * @param allocatedBytes what the file system has given to it; 0 for a block device
 * @param key identity of the file, whatever name it was opened by
 * @param isBlockDevice {@code true} for a block special file
 * @param directAlignBytes alignment that O_DIRECT asks of offsets and lengths; 0 when there is none to be had, -1 when the
 *     kernel does not say
 * @param fileSystemType magic number of the file system
 */
record FileFacts(
        long sizeBytes,
        long allocatedBytes,
        FileKey key,
        boolean isBlockDevice,
        int directAlignBytes,
        long fileSystemType) {

    private static final int BASIC_STATS = 0x7ff;
    private static final int DIRECT_IO_ALIGN = 0x2000;
    private static final int MASK_OFFSET = 0;
    private static final int MODE_OFFSET = 28;
    private static final int INODE_OFFSET = 32;
    private static final int SIZE_OFFSET = 40;
    private static final int BLOCKS_OFFSET = 48;
    private static final int RDEV_MAJOR_OFFSET = 128;
    private static final int RDEV_MINOR_OFFSET = 132;
    private static final int DEV_MAJOR_OFFSET = 136;
    private static final int DEV_MINOR_OFFSET = 140;
    private static final int MEMORY_ALIGN_OFFSET = 152;
    private static final int OFFSET_ALIGN_OFFSET = 156;
    private static final int STATX_BYTES = 256;
    private static final int STATFS_BYTES = 120;
    private static final int TYPE_MASK = 0xf000;
    private static final int TYPE_BLOCK_DEVICE = 0x6000;

    /**
     * Identity of a file: equal for all hard links, symbolic links and bind mounts of it, and for all nodes of one device.
     *
     * @param major of the device the file lies on, or of the block device itself
     * @param minor as major
     * @param inode number of the file; 0 for a block device, which may have several nodes
     */
    record FileKey(int major, int minor, long inode) {}

    /** Asks the kernel. The file name is only for the message of a failure. */
    static FileFacts of(int fd, Object file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(STATX_BYTES, Long.BYTES);
            int result = Posix.statx(fd, BASIC_STATS | DIRECT_IO_ALIGN, statx);
            if (result < 0) {
                throw Errno.failure("cannot examine file", -result, "file=" + file);
            }
            MemorySegment statfs = arena.allocate(STATFS_BYTES, Long.BYTES);
            result = Posix.fstatfs(fd, statfs);
            if (result < 0) {
                throw Errno.failure("cannot examine file system", -result, "file=" + file);
            }
            boolean isBlock = (statx.get(JAVA_SHORT, MODE_OFFSET) & TYPE_MASK) == TYPE_BLOCK_DEVICE;
            FileKey key = isBlock
                    ? new FileKey(statx.get(JAVA_INT, RDEV_MAJOR_OFFSET), statx.get(JAVA_INT, RDEV_MINOR_OFFSET), 0)
                    : new FileKey(
                            statx.get(JAVA_INT, DEV_MAJOR_OFFSET),
                            statx.get(JAVA_INT, DEV_MINOR_OFFSET),
                            statx.get(JAVA_LONG, INODE_OFFSET));
            long sizeBytes = isBlock ? deviceSizeBytes(fd, file, arena) : statx.get(JAVA_LONG, SIZE_OFFSET);
            return new FileFacts(
                    sizeBytes,
                    statx.get(JAVA_LONG, BLOCKS_OFFSET) * 512,
                    key,
                    isBlock,
                    directAlignBytes(statx),
                    statfs.get(JAVA_LONG, 0));
        }
    }

    /** {@code true} when all of it has its place, and its file system overwrites there. */
    boolean keepsSpace() {
        return isBlockDevice
                || (allocatedBytes >= sizeBytes
                        && FileSystemType.of(fileSystemType).keepsAllocation());
    }

    private static int directAlignBytes(MemorySegment statx) {
        if ((statx.get(JAVA_INT, MASK_OFFSET) & DIRECT_IO_ALIGN) == 0) {
            return -1;
        }
        return Math.max(statx.get(JAVA_INT, MEMORY_ALIGN_OFFSET), statx.get(JAVA_INT, OFFSET_ALIGN_OFFSET));
    }

    private static long deviceSizeBytes(int fd, Object file, Arena arena) {
        MemorySegment size = arena.allocate(JAVA_LONG);
        int result = Posix.ioctl(fd, Posix.BLKGETSIZE64, size);
        if (result < 0) {
            throw Errno.failure("cannot ask device for its size", -result, "file=" + file);
        }
        return size.get(JAVA_LONG, 0);
    }
}
