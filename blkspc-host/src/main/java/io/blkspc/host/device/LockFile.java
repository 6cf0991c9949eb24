package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockSpaceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file that exists to be locked, with a page of text that says who holds it. The lock ends with the process, however it
 * dies; the text stays and means nothing once the lock is free. The file is never removed: two processes could then each
 * lock a file of that name.
 */
public final class LockFile implements AutoCloseable {

    /** Longest text, in bytes. */
    public static final int MAX_TEXT_BYTES = 4096;

    // Files this process holds. The kernel's lock says no to a second opener of the same process as well, but not on
    // file
    // systems that only pretend to lock.
    private static final Set<FileFacts.FileKey> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final PosixFile file;
    private final FileFacts.FileKey key;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    private LockFile(PosixFile file, FileFacts.FileKey key) {
        this.file = file;
        this.key = key;
    }

    /**
     * Makes the file if need be and takes its lock.
     *
     * @return empty when someone, also of this process and by whatever name of the file, has it
     * @throws BlockSpaceException {@code NOT_FOUND} without the directory; {@code IO}
     */
    public static Optional<LockFile> tryLock(Path path) {
        while (true) {
            PosixFile file = PosixFile.open(path, Posix.O_RDWR | Posix.O_CREAT, 0600);
            Optional<LockFile> locked = Optional.empty();
            try {
                FileFacts.FileKey key = file.facts().key();
                if (!HELD_HERE.add(key)) {
                    return locked;
                }
                try {
                    if (!FileLock.tryLock(file)) {
                        return locked;
                    }
                    // Between open and lock the name may have been given to another file.
                    if (isNamed(path, key)) {
                        locked = Optional.of(new LockFile(file, key));
                        return locked;
                    }
                } finally {
                    if (locked.isEmpty()) {
                        HELD_HERE.remove(key);
                    }
                }
            } finally {
                if (locked.isEmpty()) {
                    file.close();
                }
            }
        }
    }

    private static boolean isNamed(Path path, FileFacts.FileKey key) {
        Optional<PosixFile> named = openToRead(path);
        if (named.isEmpty()) {
            return false;
        }
        try {
            return named.get().facts().key().equals(key);
        } finally {
            named.get().close();
        }
    }

    /** Replaces the text, at most {@link #MAX_TEXT_BYTES}. */
    public void write(byte[] text) {
        byte[] page = Arrays.copyOf(text, MAX_TEXT_BYTES);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocateFrom(JAVA_BYTE, page);
            IoVectors vectors = IoVectors.ofThread();
            vectors.fill(buffer.address(), page.length);
            long written = file.write(vectors.address(), 1, 0);
            if (written != page.length) {
                throw Errno.failure(
                        "cannot write lock file", written < 0 ? (int) -written : Errno.EIO, "file=" + file.path());
            }
        }
    }

    /** The text the previous holder left, up to its first zero byte. */
    public byte[] read() {
        return readText(file);
    }

    /**
     * The text of a lock file that someone holds.
     *
     * @return empty when there is no such file or nobody holds it
     */
    public static Optional<byte[]> readIfHeld(Path path) {
        Optional<PosixFile> opened = openToRead(path);
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        PosixFile file = opened.get();
        try {
            boolean isHeld = HELD_HERE.contains(file.facts().key()) || FileLock.isLocked(file);
            return isHeld ? Optional.of(readText(file)) : Optional.empty();
        } finally {
            file.close();
        }
    }

    private static Optional<PosixFile> openToRead(Path path) {
        try {
            return Optional.of(PosixFile.open(path, Posix.O_RDONLY, 0));
        } catch (BlockSpaceException e) {
            if (e.code() == BlockSpaceException.Code.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static byte[] readText(PosixFile file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(MAX_TEXT_BYTES);
            IoVectors vectors = IoVectors.ofThread();
            vectors.fill(buffer.address(), MAX_TEXT_BYTES);
            long read = file.read(vectors.address(), 1, 0, 0);
            if (read < 0) {
                throw Errno.failure("cannot read lock file", (int) -read, "file=" + file.path());
            }
            int length = 0;
            while (length < read && buffer.get(JAVA_BYTE, length) != 0) {
                length++;
            }
            return buffer.asSlice(0, length).toArray(JAVA_BYTE);
        }
    }

    /** Lets go of the lock. Idempotent. */
    @Override
    public void close() {
        // Once only: the key may soon stand for a later lock of the same file.
        if (isClosed.compareAndSet(false, true)) {
            HELD_HERE.remove(key);
            file.close();
        }
    }
}
