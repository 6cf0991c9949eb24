package io.blkspc.xfsish.buffer;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Transfer;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Reads a run of neighbouring blocks into their buffers inside one read lease; what is contiguous on the device is one
 * device read into a list of buffers. Owned by the thread that borrowed it from the cache, as are the buffers meanwhile.
 */
final class Loader {

    /** Most blocks of one load; also how far a large read looks ahead. */
    static final int MAX_BLOCKS = 32;

    private final BlockSpace space;
    private final MemorySegment memory;
    private final MappingCache mappings;
    private final Transfer pending = new Transfer();
    final Buffer[] run = new Buffer[MAX_BLOCKS];
    int count;
    /** The run must be read first; otherwise it is one buffer that was there. */
    boolean isMissing;

    Loader(BlockSpace space, MemorySegment memory) {
        this.space = space;
        this.memory = memory;
        this.mappings = new MappingCache(space);
    }

    void add(Buffer buffer) {
        run[count++] = buffer;
    }

    void clear() {
        Arrays.fill(run, 0, count, null);
        count = 0;
    }

    boolean isFull() {
        return count == MAX_BLOCKS;
    }

    void load() {
        try (Lease _ = space.readLease()) {
            for (int i = 0; i < count; i++) {
                fill(run[i]);
            }
            drain();
        } finally {
            pending.reset(0);
        }
    }

    private void fill(Buffer buffer) {
        long base = buffer.offsetBytes();
        long slotStart = (long) buffer.slot * Geometry.BLOCK_BYTES;
        long done = 0;
        while (done < Geometry.BLOCK_BYTES) {
            Mapping mapping = mappings.find(base + done); // may end inside a block
            long part = Math.min(Geometry.BLOCK_BYTES, mapping.endOffsetBytes() - base) - done;
            if (mapping.state().readsZeros()) {
                buffer.memory().asSlice(done, part).fill((byte) 0);
            } else {
                add(mapping.deviceOffsetBytes() + (base + done - mapping.offsetBytes()), slotStart + done, part);
            }
            done += part;
        }
    }

    private void add(long deviceOffset, long start, long length) {
        boolean follows = pending.count() > 0 && pending.deviceOffsetBytes() + pending.totalBytes() == deviceOffset;
        if (!follows) {
            drain();
            pending.reset(deviceOffset);
        }
        pending.add(memory, start, length);
    }

    private void drain() {
        if (pending.count() > 0) {
            space.device().read(pending, IoRole.DATA);
            pending.reset(0);
        }
    }
}
