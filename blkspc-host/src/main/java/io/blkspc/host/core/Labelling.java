package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.journal.DataLabel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Leaves the {@link DataLabel} of a clean stop in a free block. Under the order lock. */
final class Labelling {

    private static final Logger log = LoggerFactory.getLogger(Labelling.class);

    private final Engine engine;
    private final UUID pool;
    private final LongSupplier nonces;
    private long lastBlock;

    /**
     * Of an open pool.
     *
     * @param nonces different each time
     */
    Labelling(Engine engine, UUID pool, LongSupplier nonces) {
        this.engine = engine;
        this.pool = pool;
        this.nonces = nonces;
    }

    /**
     * Where the label of the stop before is: its block is taken again while it is free, so that no old label is left beside
     * the new one, which an older superblock would find.
     */
    void labelledBefore(DataLabel label) {
        lastBlock = label == null ? 0 : label.block();
    }

    /**
     * Writes a label; the caller forces the data, and then says in the superblock that it is there. Only into a block that any
     * client could be given now: one that still rests may be what a recovery goes back to, should the stop not get to its end.
     *
     * @return {@code null} when no block is free, or there is no room for it in the backing store: then there is no label
     */
    DataLabel write() {
        if (engine.freeSpace.freeBlocks() == 0) {
            engine.reuse.release();
        }
        long block = engine.freeSpace.firstFree(lastBlock);
        if (block < 0) {
            return null;
        }
        DataLabel label = new DataLabel(pool, block, nonces.getAsLong());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment image = arena.allocate(DataLabel.LENGTH, Geometry.BLOCK_BYTES);
            label.store(image);
            engine.data.write(
                    new Transfer().reset(Geometry.toBytes(block)).add(image, 0, DataLabel.LENGTH), IoRole.DATA);
            return label;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_BACKING) {
                throw e;
            }
            log.warn("no room for a data label, the next opening cannot tell whose data it is: {}", e.getMessage());
            return null;
        }
    }
}
