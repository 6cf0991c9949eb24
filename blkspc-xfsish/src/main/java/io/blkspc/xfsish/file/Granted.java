package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import java.util.BitSet;

/**
 * What the host would promise now, found by asking: nothing is held. Guarded by the lock of the file system.
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
    private final SharedMetadata shared;

    Granted(BlockSpace space, Mounted mounted) {
        this.space = space;
        this.mounted = mounted;
        this.shared = new SharedMetadata(space, mounted);
    }

    /** Of {@code free} blocks, for data: besides what the first change of metadata takes that a snapshot or clone holds as well. */
    long blocks(long free) {
        int single = space.reservable(Geometry.BLOCK_BYTES);
        if (single - shared.blocks(single) >= free) {
            return free;
        }
        int windows = windowsWithFreeBlocks();
        long whole = Math.min(windows, space.reservable(WINDOW_BYTES, windows + OPERATION_CREDITS));
        long together = whole == 0 ? 0 : WINDOW_BLOCKS * whole + windows - whole;
        long most = Math.max(single, together);
        return Math.min(free, most - shared.blocks(most));
    }

    private int windowsWithFreeBlocks() {
        BitSet windows = new BitSet();
        mounted.groups.visitAvailable(run -> windows.set(
                (int) (run.block() / WINDOW_BLOCKS), (int) ((run.block() + run.count() - 1) / WINDOW_BLOCKS) + 1));
        return windows.cardinality();
    }
}
