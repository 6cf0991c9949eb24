package io.blkspc.host.device;

/**
 * fdatasync(2) of a part of a file. Linux has no call of that name, but msync(2) with MS_SYNC is one: for a shared mapping of a file open
 * for writing it is {@code vfs_fsync_range} of the bytes that the mapping stands for, with all that fdatasync does to them
 * (their pages, the file system's record of where they are, the device's own cache), and with the same report of pages that
 * were lost, in this part or elsewhere. It does not matter who wrote the pages and how, and no page need be mapped: the mapping
 * lasts for the call, and nobody follows its addresses.
 *
 * <p>All of the file is forced where a file system cannot be mapped. Where the kernel would kill for a mapping ({@link MemoryFailure}) there
 * is to be none: dirty pages are what it kills for, and a mapping of some would be there most of the time.
 */
final class RangeSync {

    private static final long PAGE_BYTES = 64 << 10; // the largest there is, so that it is whole pages everywhere

    private static final boolean MAPS = !MemoryFailure.killsEarly();

    private RangeSync() {}

    /** {@code false} where nothing may be mapped. */
    static boolean isPossible() {
        return MAPS;
    }

    /** 0 or minus errno; the descriptor must be open for writing, for otherwise msync forces nothing. */
    static int sync(int fd, long startBytes, long endBytes) {
        long start = startBytes & -PAGE_BYTES;
        long length = ((endBytes + PAGE_BYTES - 1) & -PAGE_BYTES) - start;
        long address = Posix.mapFile(length, fd, start);
        if (address < 0) {
            return Posix.fdatasync(fd);
        }
        int result = Posix.msync(address, length);
        Posix.unmap(address, length);
        return result;
    }
}
