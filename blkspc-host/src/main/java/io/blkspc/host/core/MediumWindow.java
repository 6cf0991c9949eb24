package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads runs of a device that nobody writes to there, with read-ahead: blocks are handed out one after the other, so the runs a
 * journal names mostly follow each other, and one read of a MiB costs little more than one of a block. A run that does not
 * follow the one before is read alone. Owned by one thread.
 */
final class MediumWindow {

    private final BlockDevice device;
    private final MemorySegment memory = Arena.ofAuto().allocate(Geometry.MAX_WINDOW_BYTES, Geometry.BLOCK_BYTES);
    private final Transfer transfer = new Transfer();
    private long start;
    private long end;
    private long ahead;

    MediumWindow(BlockDevice device) {
        this.device = device;
    }

    /** What {@link #load} positions are in. */
    MemorySegment memory() {
        return memory;
    }

    /** What was read is not taken again. */
    void forget() {
        end = 0;
        start = 0;
        ahead = 0;
    }

    /**
     * Brings a run into memory and returns where in {@link #memory} it begins; valid until the next call.
     *
     * @param offset inside the device, as is the end of the run
     * @param length 1 to {@link Geometry#MAX_WINDOW_BYTES} bytes
     */
    long load(long offset, long length) {
        if (offset >= start && offset + length <= end) {
            return offset - start;
        }
        boolean follows = end > 0 && offset >= start && offset <= end + ahead;
        ahead = follows ? Math.min(Geometry.MAX_WINDOW_BYTES, 2 * ahead) : length;
        long wanted = Math.max(length, Math.min(ahead, device.sizeBytes() - offset));
        end = 0; // nothing is known while a read is under way
        try {
            read(offset, wanted);
        } catch (BlockSpaceException e) {
            if (wanted == length) {
                throw e;
            }
            // A sector that nobody asked for may be the bad one.
            wanted = length;
            read(offset, wanted);
        }
        start = offset;
        end = offset + wanted;
        return 0;
    }

    private void read(long offset, long length) {
        device.read(transfer.reset(offset).add(memory, 0, length), IoRole.VERIFY);
    }
}
