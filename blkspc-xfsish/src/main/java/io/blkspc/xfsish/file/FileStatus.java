package io.blkspc.xfsish.file;

/**
 * Facts of one file.
 *
 * @param inode number
 * @param generation of the number: another file may have it later
 * @param mode type and permissions, as in stat
 * @param uid owner
 * @param gid group
 * @param links names
 * @param sizeBytes bytes
 * @param blocks blocks of 4096 bytes it has, those whose place is not chosen yet included
 * @param accessed nanoseconds since 1970-01-01 UTC; set by whoever sets times, not by reading
 * @param modified when its bytes changed
 * @param changed when anything of it changed
 */
public record FileStatus(
        long inode,
        int generation,
        int mode,
        int uid,
        int gid,
        int links,
        long sizeBytes,
        long blocks,
        long accessed,
        long modified,
        long changed) {

    /** {@code true} for a directory. */
    public boolean isDirectory() {
        return (mode & 0xF000) == 0x4000;
    }

    /** {@code true} for a regular file. */
    public boolean isFile() {
        return (mode & 0xF000) == 0x8000;
    }

    /** {@code true} for a symbolic link. */
    public boolean isSymlink() {
        return (mode & 0xF000) == 0xA000;
    }
}
