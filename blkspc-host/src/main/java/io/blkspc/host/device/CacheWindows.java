package io.blkspc.host.device;

import io.blkspc.api.SendingDevice;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parts of a file whose pages in the page cache are mapped, for reading, so that a socket can be given them. Only the kernel
 * follows these addresses, inside a call: what cannot be read is an error of that call then, and never a SIGBUS.
 *
 * <p>To map a page costs as much as to copy it, so mapping pays for what is read again and again, and only while it stays mapped. A
 * range is therefore sent from its second time on; before, it is only noted as seen. What is mapped is bounded, whatever the size of the
 * file: window <i>n</i> of the file goes to the slot <i>n</i> modulo the number of slots, and takes it from another window once
 * that one was missed as often as it was of use lately.
 *
 * <p>Any thread may call anything. A slot has users, and changes hands only while it has none. Nothing is allocated.
 */
final class CacheWindows {

    static final long WINDOW_BYTES = 64L << 20;
    static final int SLOTS = 16;

    /** Uses that a window is remembered for: so many misses it outlives. */
    private static final int MAX_MERIT = 128;

    /** What a new window is given in advance: where many want one slot it does not change hands at each read. */
    private static final int FIRST_MERIT = 8;

    private static final int PIECE_SHIFT = 16; // what is noted as seen: 64 KiB
    private static final int LONGS_PER_SLOT = (int) (WINDOW_BYTES >>> PIECE_SHIFT) / Long.SIZE;
    private static final int CHANGING = -1;
    private static final int CLOSED = -2;
    private static final long NONE = -1;
    private static final Logger log = LoggerFactory.getLogger(CacheWindows.class);

    private final PosixFile file;
    // Number of users of each slot, or CHANGING, or CLOSED; what follows is written by whoever changes it.
    private final AtomicIntegerArray users = new AtomicIntegerArray(SLOTS);
    private final long[] windows = new long[SLOTS];
    // Where the window of a slot is mapped; 0 where nothing is.
    private final long[] addresses = new long[SLOTS];
    // These two are hints, written by all users at once: what one loses costs a moment.
    private final int[] merits = new int[SLOTS];
    private final long[] seen = new long[SLOTS * LONGS_PER_SLOT];
    private volatile boolean isOff;

    CacheWindows(PosixFile file) {
        this.file = file;
        Arrays.fill(windows, NONE);
        if (MemoryFailure.killsEarly()) {
            refused("memory_failure_early_kill is set");
        }
    }

    /** As {@link SendingDevice#canSend}. */
    boolean canSend(long offsetBytes, long lengthBytes) {
        long window = offsetBytes / WINDOW_BYTES;
        if (isOff || (offsetBytes + lengthBytes - 1) / WINDOW_BYTES != window) {
            return false;
        }
        int slot = (int) (window % SLOTS);
        if (!enter(slot)) {
            return false;
        }
        boolean known;
        boolean giveUp = false;
        try {
            known = windows[slot] == window;
            if (known) {
                known = wasSeen(slot, offsetBytes % WINDOW_BYTES, lengthBytes);
                merits[slot] = Math.min(MAX_MERIT, merits[slot] + 1);
            } else {
                giveUp = --merits[slot] < 0;
            }
        } finally {
            leave(slot);
        }
        if (giveUp) {
            hand(slot, window);
        }
        return known && file.isCached(offsetBytes, lengthBytes);
    }

    /** Whether all pieces of a range were seen before; now they were. */
    private boolean wasSeen(int slot, long start, long length) {
        boolean all = true;
        int last = (int) ((start + length - 1) >>> PIECE_SHIFT);
        for (int piece = (int) (start >>> PIECE_SHIFT); piece <= last; piece++) {
            int at = slot * LONGS_PER_SLOT + piece / Long.SIZE;
            long bit = 1L << piece; // modulo 64
            all &= (seen[at] & bit) != 0;
            seen[at] |= bit;
        }
        return all;
    }

    /** Maps another window into a slot, unless somebody uses it. */
    private void hand(int slot, long window) {
        if (!users.compareAndSet(slot, 0, CHANGING)) {
            return;
        }
        try {
            windows[slot] = NONE;
            if (map(slot, window)) {
                Arrays.fill(seen, slot * LONGS_PER_SLOT, (slot + 1) * LONGS_PER_SLOT, 0);
                merits[slot] = FIRST_MERIT;
                windows[slot] = window;
            }
        } finally {
            users.set(slot, 0);
        }
    }

    /**
     * The kernel chooses the addresses. A mapping over the old one would be one call less, but where a file system refuses it, the
     * old one is gone by then: its addresses are anybody's, maybe the heap's, and nobody may unmap them again.
     */
    private boolean map(int slot, long window) {
        unmap(slot);
        file.hold();
        try {
            long address = Posix.mapFile(WINDOW_BYTES, file.fd(), window * WINDOW_BYTES);
            if (address < 0) {
                return refused("no mapping, " + Errno.name((int) -address));
            }
            addresses[slot] = address;
            return true;
        } finally {
            file.release();
        }
    }

    private void unmap(int slot) {
        if (addresses[slot] != 0) {
            Posix.unmap(addresses[slot], WINDOW_BYTES);
            addresses[slot] = 0;
        }
    }

    private boolean refused(String why) {
        isOff = true;
        log.info("cached data is copied before it is sent: file={}, reason=[{}]", file.path(), why);
        return false;
    }

    /** As {@link SendingDevice#send}. */
    long send(int descriptor, long headAddress, long headBytes, long offsetBytes, long lengthBytes) {
        long window = offsetBytes / WINDOW_BYTES;
        int slot = (int) (window % SLOTS);
        if (isOff || !enter(slot)) {
            return SendingDevice.REFUSED;
        }
        try {
            long start = offsetBytes % WINDOW_BYTES;
            if (windows[slot] != window || start + lengthBytes > WINDOW_BYTES) {
                return SendingDevice.REFUSED;
            }
            long address = addresses[slot] + start;
            long moved = SocketSend.ofThread().send(descriptor, headAddress, headBytes, address, lengthBytes);
            if (moved >= 0) {
                return moved;
            }
            return moved == -Errno.EAGAIN || moved == -Errno.EINTR ? 0 : SendingDevice.REFUSED;
        } finally {
            leave(slot);
        }
    }

    /** Keeps what a slot has until {@link #leave}; {@code false} while it changes. */
    boolean enter(int slot) {
        int before;
        do {
            before = users.get(slot);
            if (before < 0) {
                return false;
            }
        } while (!users.compareAndSet(slot, before, before + 1));
        return true;
    }

    void leave(int slot) {
        users.decrementAndGet(slot);
    }

    /** Unmaps everything, once no call uses it; nothing is mapped any more. Idempotent. */
    synchronized void close() {
        isOff = true;
        for (int slot = 0; slot < SLOTS; slot++) {
            while (users.get(slot) != CLOSED && !users.compareAndSet(slot, 0, CLOSED)) {
                Thread.onSpinWait(); // one call that waits for nothing, unless a page has to come from the medium
                // after all
            }
            unmap(slot);
        }
    }
}
