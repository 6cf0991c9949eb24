package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Whole-file write locks that belong to the open file description ({@code F_OFD_SETLK}, fcntl(2)). They conflict inside one
 * process too, end with the description and so with the process, and, unlike POSIX record locks, are not lost when some
 * other descriptor of the same file is closed.
 */
final class FileLock {

    // struct flock on 64-bit Linux: type, whence, start, length (0 = to the end), pid (must be 0).
    private static final int FLOCK_BYTES = 32;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    private FileLock() {}

    /** Takes the lock of an open file; {@code false} when someone else has it. */
    static boolean tryLock(PosixFile file) {
        return tryLock(file, F_WRLCK);
    }

    private static boolean tryLock(PosixFile file, short type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
            flock.set(JAVA_SHORT, 0, type);
            int result = Posix.fcntl(file.fd(), Posix.F_OFD_SETLK, flock);
            if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
                return false;
            }
            if (result < 0) {
                throw Errno.failure("cannot lock file", -result, "file=" + file.path());
            }
            return true;
        }
    }

    /** {@code true} when another open file description holds a lock. */
    static boolean isLocked(PosixFile file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = arena.allocate(FLOCK_BYTES, Long.BYTES);
            flock.set(JAVA_SHORT, 0, F_WRLCK);
            int result = Posix.fcntl(file.fd(), Posix.F_OFD_GETLK, flock);
            if (result < 0) {
                throw Errno.failure("cannot ask for the lock of a file", -result, "file=" + file.path());
            }
            return flock.get(JAVA_SHORT, 0) != F_UNLCK;
        }
    }

    /** Opens for reading and writing, and locks. */
    static PosixFile openExclusive(Path path) {
        return open(path, Posix.O_RDWR, F_WRLCK);
    }

    /** Opens for reading, and locks against everyone who would write. */
    static PosixFile openShared(Path path) {
        return open(path, Posix.O_RDONLY, F_RDLCK);
    }

    private static PosixFile open(Path path, int access, short lockType) {
        PosixFile file = PosixFile.open(path, access, 0);
        try {
            if (file.facts().isBlockDevice()) {
                // The kernel's claim on the device itself also sees other nodes of it, mounts, LVM and RAID.
                file.close();
                file = openClaimed(path, access);
            }
            if (!tryLock(file, lockType)) {
                throw heldByOther(path);
            }
            return file;
        } catch (BlockSpaceException e) {
            file.close();
            throw e;
        }
    }

    private static PosixFile openClaimed(Path path, int access) {
        try {
            return PosixFile.open(path, access | Posix.O_EXCL, 0);
        } catch (BlockSpaceException e) {
            throw e.code() == Code.BUSY ? heldByOther(path) : e;
        }
    }

    private static BlockSpaceException heldByOther(Path path) {
        return new BlockSpaceException(Code.BUSY, "file is in use by another pool, process or mount: file=" + path);
    }
}
