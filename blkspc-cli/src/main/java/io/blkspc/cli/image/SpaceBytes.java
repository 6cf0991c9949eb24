package io.blkspc.cli.image;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.client.SpaceIo;
import java.lang.foreign.MemorySegment;

/** A volume of a pool that is open in this process. */
public final class SpaceBytes implements VolumeBytes {

    private final BlockSpace space;
    private final SpaceIo io;
    private final Mapping mapping = new Mapping();

    private SpaceBytes(BlockSpace space) {
        this.space = space;
        this.io = SpaceIo.on(space);
    }

    /** Opens a volume, or read-only a snapshot. */
    public static SpaceBytes open(Pool pool, String name) {
        return new SpaceBytes(pool.open(name));
    }

    @Override
    public long sizeBytes() {
        return space.sizeBytes();
    }

    @Override
    public long readRun(long offset, long length, MemorySegment target) {
        try (Lease _ = space.readLease()) {
            space.map(offset, space.sizeBytes() - offset, mapping);
            if (mapping.state().readsZeros()) {
                return -mapping.lengthBytes();
            }
        }
        long count = Math.min(length, mapping.lengthBytes());
        io.read(offset, count, target, 0);
        return count;
    }

    @Override
    public void write(long offset, long length, MemorySegment source, long start) {
        io.write(offset, length, source, start, false);
    }

    @Override
    public void flush() {
        io.flush();
    }

    @Override
    public void close() {
        io.close();
        space.close();
    }
}
