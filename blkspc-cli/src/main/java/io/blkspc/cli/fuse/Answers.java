package io.blkspc.cli.fuse;

import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.InodeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all requests have in common: the files, numbers, memory for answers, and errors. An exception that left a callback would
 * end the process, so each request runs in {@link #attempt}, and is answered after it, once. Any thread.
 */
final class Answers {

    /** Nobody else changes the files, so the kernel may believe what it was told. */
    static final double SECONDS = 86_400;

    /** The kernel's number of the root. */
    private static final long ROOT_NODE = 1;

    private static final Logger log = LoggerFactory.getLogger("blkspc.fuse");

    final FileSystem files;
    final InodeAccess inodes;
    final LongSupplier clock;
    private final long root;
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

    Answers(FileSystem files, LongSupplier clock) {
        this.files = files;
        this.inodes = files.inodes();
        this.clock = clock;
        this.root = inodes.root();
    }

    /** Memory of one thread for its answers. */
    static final class Scratch {

        private static final int FIXED_BYTES = 512;

        final MemorySegment fixed = Arena.ofAuto().allocate(FIXED_BYTES, 8);
        private MemorySegment buffer = MemorySegment.NULL;

        /** At least so many bytes, with what was in them. */
        MemorySegment buffer(long bytes) {
            if (buffer.byteSize() < bytes) {
                buffer = Arena.ofAuto().allocate(Math.max(bytes, 4096), 4096);
            }
            return buffer;
        }

        /** A copy with a zero behind it: a C string. */
        long string(byte[] bytes) {
            MemorySegment target = buffer(bytes.length + 1L);
            target.copyFrom(MemorySegment.ofArray(bytes));
            target.set(java.lang.foreign.ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
            return target.address();
        }
    }

    Scratch scratch() {
        return scratch.get();
    }

    long inode(long node) {
        return node == ROOT_NODE ? root : node;
    }

    long node(long inode) {
        return inode == root ? ROOT_NODE : inode;
    }

    /** Does the work of a request: 0, or what went wrong. */
    @SuppressWarnings("checkstyle:illegalcatch") // the top of a thread of the library
    int attempt(Runnable work) {
        try {
            work.run();
            return 0;
        } catch (Throwable failure) {
            int errno = Errno.of(failure);
            if (Errno.isOrdinary(errno)) {
                log.trace("refused: errno={}", errno, failure);
            } else {
                log.warn("failed: errno={}, reason={}", errno, failure.toString(), failure);
            }
            return errno;
        }
    }

    /** A request that is answered with nothing but how it went. */
    void done(long request, Runnable work) {
        LibFuse.replyError(request, attempt(work));
    }

    /** What of a request is a name and the file it means. */
    interface Found {
        FileStatus find();
    }

    /** A request that is answered with an entry. What it means is held; where the kernel does not want it any more, let go. */
    void entry(long request, Found found) {
        MemorySegment entry = scratch().fixed;
        int errno = attempt(() -> write(entry, found.find()));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else if (LibFuse.replyEntry(request, entry.address()) != 0) {
            letGo(entry);
        }
    }

    void write(MemorySegment entry, FileStatus status) {
        EntryParam.write(entry, status, node(status.inode()), SECONDS);
    }

    /** Of the file of an entry that the kernel did not take. */
    void letGo(MemorySegment entry) {
        long node = entry.get(java.lang.foreign.ValueLayout.JAVA_LONG, EntryParam.NODE_OFFSET);
        attempt(() -> inodes.letGo(inode(node), 1));
    }
}
