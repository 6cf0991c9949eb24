package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import java.util.BitSet;
import java.util.function.LongPredicate;

/**
 * What the host promises now, found by asking for it and giving it back at once. Guarded by the lock of the file system.
 *
 * <p>A credit for one block also pays for the metadata of its window of 1 MiB, so asking for each free block by itself finds too
 * little as soon as the host is short of metadata. Blocks of one window pay for it once: with <i>W</i> windows that have a free
 * block, <i>x</i> credits for whole windows and <i>W - x</i> for single blocks cover everything that writing to any
 * {@code 256 x + W - x} of these blocks can take.
 */
final class Granted {

    private static final int WINDOW_BYTES = 1 << 20;
    private static final int WINDOW_BLOCKS = WINDOW_BYTES / Geometry.BLOCK_BYTES;

    /** Besides: what an operation and its record reserve while they run. */
    private static final int OPERATION_CREDITS = 192;

    private final BlockSpace space;
    private final Mounted mounted;

    Granted(BlockSpace space, Mounted mounted) {
        this.space = space;
        this.mounted = mounted;
    }

    /** Of {@code free} blocks. */
    long blocks(long free) {
        long most = Math.min(free, Integer.MAX_VALUE);
        long single = most(most, n -> isGranted(0, n));
        if (single == most) {
            return most;
        }
        int windows = windowsWithFreeBlocks();
        long whole = most(windows, x -> isGranted(x, windows - x + OPERATION_CREDITS));
        long together = whole == 0 ? 0 : WINDOW_BLOCKS * whole + windows - whole;
        return Math.min(most, Math.max(single, together));
    }

    private int windowsWithFreeBlocks() {
        BitSet windows = new BitSet();
        mounted.groups.visitAvailable(run -> windows.set(
                (int) (run.block() / WINDOW_BLOCKS), (int) ((run.block() + run.count() - 1) / WINDOW_BLOCKS) + 1));
        return windows.cardinality();
    }

    private static long most(long limit, LongPredicate isGranted) {
        long low = 0;
        long high = limit;
        while (low < high) {
            long middle = (low + high + 1) >>> 1;
            if (isGranted.test(middle)) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private boolean isGranted(long windows, long blocks) {
        Cookie wide = null;
        Cookie narrow = null;
        try {
            wide = windows == 0 ? null : space.reserve((int) windows, WINDOW_BYTES);
            narrow = blocks == 0 ? null : space.reserve((int) blocks, Geometry.BLOCK_BYTES);
            return true;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            return false;
        } finally {
            put(wide);
            put(narrow);
        }
    }

    private static void put(Cookie cookie) {
        if (cookie != null) {
            cookie.put();
        }
    }
}
