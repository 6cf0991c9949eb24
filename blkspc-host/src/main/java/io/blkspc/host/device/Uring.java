package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.blkspc.api.BlockSpaceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The two rings of io_uring(7), shared with the kernel: entries go in at the tail of one, completions come out at the head of
 * the other. Whoever writes an index publishes it with release, and reads the other side's with acquire. One thread.
 */
final class Uring implements ReadRing {

    private static final VarHandle INDEX = JAVA_INT.varHandle();
    private static final long REFUSED_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final int fd;
    private final MemorySegment rings;
    private final MemorySegment[] entries; // a segment for each, so that none is made later
    private final MemorySegment allEntries;
    private final long sqHead;
    private final long sqTail;
    private final int sqMask;
    private final long cqHead;
    private final long cqTail;
    private final int cqMask;
    private final long cqes;
    private int queued;
    private long userData;
    private int result;
    private boolean closed;

    private Uring(int fd, UringParams params, MemorySegment rings, MemorySegment allEntries) {
        this.fd = fd;
        this.rings = rings;
        this.allEntries = allEntries;
        this.sqHead = params.sqHead();
        this.sqTail = params.sqTail();
        this.sqMask = rings.get(JAVA_INT, params.sqMask());
        this.cqHead = params.cqHead();
        this.cqTail = params.cqTail();
        this.cqMask = rings.get(JAVA_INT, params.cqMask());
        this.cqes = params.cqes();
        this.entries = new MemorySegment[params.sqEntries()];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = allEntries.asSlice((long) i * UringEntry.BYTES, UringEntry.BYTES);
            rings.set(JAVA_INT, params.sqArray() + (long) i * Integer.BYTES, i);
        }
    }

    /**
     * Rings for at least {@code depth} entries, and as many completions again.
     *
     * @throws BlockSpaceException when the kernel, or what confines this process, refuses, or is too old
     */
    static Uring open(int depth) {
        try (Arena arena = Arena.ofConfined()) {
            UringParams params = new UringParams(arena.allocate(UringParams.BYTES, Long.BYTES));
            int best = UringParams.SETUP_CLAMP | UringParams.SETUP_SINGLE_ISSUER | UringParams.SETUP_DEFER_TASKRUN;
            int fd = UringCalls.setup(depth, params.flags(best));
            if (fd == -Errno.EINVAL) {
                fd = UringCalls.setup(depth, params.flags(UringParams.SETUP_CLAMP));
            }
            if (fd < 0) {
                throw refused("io_uring_setup", -fd);
            }
            return map(fd, params, depth);
        }
    }

    private static Uring map(int fd, UringParams params, int depth) {
        boolean fits = params.has(UringParams.FEATURE_SINGLE_MMAP | UringParams.FEATURE_NODROP)
                && params.sqEntries() >= depth
                && params.cqEntries() >= params.sqEntries();
        long ringBytes = params.ringBytes();
        long entryBytes = (long) params.sqEntries() * UringEntry.BYTES;
        long rings = fits ? UringCalls.map(fd, UringCalls.OFFSET_RINGS, ringBytes) : -Errno.ENOSYS;
        long entries = rings < 0 ? rings : UringCalls.map(fd, UringCalls.OFFSET_ENTRIES, entryBytes);
        if (entries < 0) {
            if (rings > 0) {
                UringCalls.unmap(rings, ringBytes);
            }
            Posix.close(fd);
            throw refused("io_uring's rings", (int) -entries);
        }
        return new Uring(
                fd,
                params,
                MemorySegment.ofAddress(rings).reinterpret(ringBytes),
                MemorySegment.ofAddress(entries).reinterpret(entryBytes));
    }

    private static BlockSpaceException refused(String what, int errno) {
        return Errno.failure("refused", errno, "call=" + what);
    }

    @Override
    public void read(int file, long offset, long address, int length, long data) {
        UringEntry.read(nextEntry(), file, offset, address, length, data);
        push();
    }

    @Override
    public void watch(int descriptor, long data) {
        UringEntry.poll(nextEntry(), descriptor, POLL_IN | POLL_ENDED, data);
        push();
    }

    private MemorySegment nextEntry() {
        while (queued == entries.length) {
            enter(0);
        }
        return entries[rings.get(JAVA_INT, sqTail) & sqMask];
    }

    private void push() {
        INDEX.setRelease(rings, sqTail, rings.get(JAVA_INT, sqTail) + 1);
        queued++;
    }

    @Override
    public int queued() {
        return queued;
    }

    @Override
    public void enter(int minComplete) {
        while (queued > 0 || available() < minComplete) {
            int taken = UringCalls.enter(fd, queued, minComplete, UringCalls.ENTER_GETEVENTS);
            // The kernel's word is its index. A call that was interrupted may have taken some, and waited for none.
            queued = rings.get(JAVA_INT, sqTail) - (int) INDEX.getAcquire(rings, sqHead);
            if (taken == -Errno.EAGAIN || taken == -Errno.EBUSY || taken == -Errno.ENOMEM) {
                LockSupport.parkNanos(REFUSED_NANOS); // short of memory: it asks to be asked again
            } else if (taken < 0 && taken != -Errno.EINTR) {
                throw new IllegalStateException("io_uring_enter failed: error=" + Errno.name(-taken));
            }
        }
    }

    private int available() {
        return (int) INDEX.getAcquire(rings, cqTail) - rings.get(JAVA_INT, cqHead);
    }

    @Override
    public boolean next() {
        if (available() == 0) {
            return false;
        }
        int head = rings.get(JAVA_INT, cqHead);
        long at = cqes + (long) (head & cqMask) * UringCompletion.BYTES;
        userData = UringCompletion.userData(rings, at);
        result = UringCompletion.result(rings, at);
        INDEX.setRelease(rings, cqHead, head + 1);
        return true;
    }

    @Override
    public long userData() {
        return userData;
    }

    @Override
    public int result() {
        return result;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            UringCalls.unmap(allEntries.address(), allEntries.byteSize());
            UringCalls.unmap(rings.address(), rings.byteSize());
            Posix.close(fd);
        }
    }
}
