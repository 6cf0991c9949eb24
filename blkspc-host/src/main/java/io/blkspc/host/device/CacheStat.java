package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the page cache has of a file, by cachestat(2): Linux 6.5 and later. Elsewhere, or where what confines the process
 * refuses the call, it has nothing as far as anybody knows. Of one thread; it allocates nothing after the first call.
 */
final class CacheStat {

    private static final int PAGE_SHIFT = 12; // where pages are larger, it never has all
    private static final int RANGE_BYTES = 2 * Long.BYTES; // offset, length
    private static final int ANSWER_BYTES = 5 * Long.BYTES; // pages: cached, dirty, ...
    private static final ThreadLocal<CacheStat> OF_THREAD = ThreadLocal.withInitial(CacheStat::new);

    private static volatile boolean isRefused;

    private final MemorySegment memory = Arena.ofAuto().allocate(RANGE_BYTES + ANSWER_BYTES, Long.BYTES);

    private CacheStat() {}

    /** The current thread's own. */
    static CacheStat ofThread() {
        return OF_THREAD.get();
    }

    /** Whether it has every page of a range. */
    boolean holds(int fd, long offsetBytes, long lengthBytes) {
        if (isRefused) {
            return false;
        }
        memory.set(JAVA_LONG, 0, offsetBytes);
        memory.set(JAVA_LONG, Long.BYTES, lengthBytes);
        if (Posix.cachestat(fd, memory.address(), memory.address() + RANGE_BYTES) < 0) {
            isRefused = true;
            return false;
        }
        long pages = ((offsetBytes + lengthBytes - 1) >>> PAGE_SHIFT) - (offsetBytes >>> PAGE_SHIFT) + 1;
        return memory.get(JAVA_LONG, RANGE_BYTES) >= pages;
    }
}
