package io.blkspc.api.client;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Scratch blocks in which the first and last block of a staged run are completed. A slot stays in use until the device
 * write that names it has returned. Owned by one thread; the memory belongs to the arena it was made from.
 */
final class Edges {

    private final MemorySegment scratch;
    private final ByteBuffer view;
    private final int slots;
    private final Transfer source = new Transfer();
    private int used;

    Edges(Arena arena, int slots) {
        this.scratch = arena.allocate((long) slots * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        this.view = scratch.asByteBuffer();
        this.slots = slots;
    }

    boolean isFull() {
        return used == slots;
    }

    /** Every slot may be used again. */
    void clear() {
        used = 0;
    }

    MemorySegment segment() {
        return scratch;
    }

    ByteBuffer view() {
        return view;
    }

    /**
     * Builds the whole block at {@code block}: what readers see there now, overlaid with the bytes of one run.
     *
     * @param mapping a staged allocation that covers the block
     * @param piece the first piece of the run that reaches into the block
     * @param lastPiece one past the last piece of the run
     * @return where the block lies in {@link #segment}
     */
    long complete(
            BlockDevice device,
            Allocation kind,
            Mapping mapping,
            long block,
            WriteQueue queue,
            int piece,
            int lastPiece) {
        long slot = (long) used++ * Geometry.BLOCK_BYTES;
        if (kind == Allocation.COW) {
            long from = mapping.sourceDeviceOffsetBytes() + (block - mapping.offsetBytes());
            device.read(source.reset(from).add(scratch, slot, Geometry.BLOCK_BYTES), IoRole.COW_READ);
        } else {
            MemorySegment.copy(Zeros.SEGMENT, 0, scratch, slot, Geometry.BLOCK_BYTES);
        }
        long end = block + Geometry.BLOCK_BYTES;
        for (int i = piece; i < lastPiece && queue.pieceOffset(i) < end; i++) {
            long from = Math.max(block, queue.pieceOffset(i));
            long count = Math.min(end, queue.pieceEnd(i)) - from;
            long start = queue.pieceStart(i) + (from - queue.pieceOffset(i));
            MemorySegment.copy(queue.pieceSegment(i), start, scratch, slot + (from - block), count);
        }
        return slot;
    }
}
