package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads data blocks from the medium to see whether they can be read. One thread. */
public final class BlockReader implements AutoCloseable {

    private static final int WINDOW_BLOCKS = 256;

    private final BlockDevice medium;
    private final Transfer transfer = new Transfer();
    private final MemorySegment window = Arena.ofAuto().allocate(Geometry.toBytes(WINDOW_BLOCKS), Geometry.BLOCK_BYTES);

    /** Learns of blocks that cannot be read. */
    @FunctionalInterface
    public interface Unreadable {
        /** One block, and why. */
        void block(long physicalBlock, String problem);
    }

    BlockReader(BlockDevice medium) {
        this.medium = medium;
    }

    /** Reads a run of blocks inside the pool, and again singly where that fails. */
    public void read(long physicalBlock, long blockCount, Unreadable unreadable) {
        for (long done = 0; done < blockCount; done += WINDOW_BLOCKS) {
            int count = (int) Math.min(WINDOW_BLOCKS, blockCount - done);
            if (problem(physicalBlock + done, count) != null) {
                for (int i = 0; i < count; i++) {
                    String problem = problem(physicalBlock + done + i, 1);
                    if (problem != null) {
                        unreadable.block(physicalBlock + done + i, problem);
                    }
                }
            }
        }
    }

    private String problem(long block, int count) {
        try {
            medium.read(transfer.reset(Geometry.toBytes(block)).add(window, 0, Geometry.toBytes(count)), IoRole.VERIFY);
            return null;
        } catch (BlockSpaceException e) {
            return e.getMessage();
        }
    }

    @Override
    public void close() {
        medium.close();
    }
}
