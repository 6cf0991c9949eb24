package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

/**
 * {@code struct fuse_file_info}: an open file. Of its 40 bytes (more in later versions) only what no version moved is used.
 *
 * <pre>
 *  offset size field   meaning
 *       0    4 flags   those of open(2)
 *       4    4 bits    bit 2 keep_cache: pages of earlier opens are still right
 *      16    8 fh      ours, the same in every request of this open file
 * </pre>
 */
final class FileInfo {

    static final int FLAGS_OFFSET = 0;
    static final int BITS_OFFSET = 4;
    static final int HANDLE_OFFSET = 16;
    static final int KEEP_CACHE = 1 << 2;

    private FileInfo() {}

    static int flags(long fileInfo) {
        return Memory.ALL.get(JAVA_INT, fileInfo + FLAGS_OFFSET);
    }

    static void keepCache(long fileInfo) {
        int bits = Memory.ALL.get(JAVA_INT, fileInfo + BITS_OFFSET);
        Memory.ALL.set(JAVA_INT, fileInfo + BITS_OFFSET, bits | KEEP_CACHE);
    }

    static long handle(long fileInfo) {
        return Memory.ALL.get(JAVA_LONG, fileInfo + HANDLE_OFFSET);
    }

    static void handle(long fileInfo, long handle) {
        Memory.ALL.set(JAVA_LONG, fileInfo + HANDLE_OFFSET, handle);
    }
}
