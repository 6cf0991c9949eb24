package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.host.journal.RecordWriter;
import io.blkspc.host.journal.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;

/**
 * Other sizes for volumes: one record each, durable before it returns, with every write of the volume before it (contract D5).
 *
 * <p>What a volume maps beyond a new end is its <em>tail</em>: out of every reader's reach from the record on, and given up in
 * steps of ordinary discard records, at once and, after a crash, by the reaper. Nothing may grow from a volume with a tail, and
 * it may not grow over it: whoever wants that gives it up first.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a change ends all writing (D18)
final class Resizing {

    private static final int PAYLOAD_BYTES = 64;

    private final Engine engine;
    private final Heads heads;
    private final Clearing clearing;
    private final RecordWriter writer = new RecordWriter();
    private final MemorySegment buffer = Arena.ofAuto().allocate(PAYLOAD_BYTES, 8);

    Resizing(Engine engine, Heads heads, Clearing clearing) {
        this.engine = engine;
        this.heads = heads;
        this.clearing = clearing;
    }

    /**
     * As {@link io.blkspc.api.Pool#resize}.
     *
     * @param wanted from the size it has under the order lock to the one it gets
     */
    void resize(String name, LongUnaryOperator wanted, boolean shrinks) {
        Names.checkVolume(name);
        engine.lock.lock();
        try {
            judge(name, wanted, shrinks);
        } finally {
            engine.lock.unlock();
        }
        engine.checkpointer.require(Superblock.INCOMPAT_RESIZED_VOLUMES);
        giveUpTail(name);
        engine.lock.lock();
        try {
            engine.prepareRecord(PAYLOAD_BYTES);
            long sizeBytes = judge(name, wanted, shrinks);
            Version version = engine.catalogue.require(name);
            if (sizeBytes != version.sizeBytes) {
                resizeLocked(version, sizeBytes);
            }
        } finally {
            engine.lock.unlock();
        }
        engine.persistence.persist();
        giveUpTail(name);
    }

    /** The size it is to get; refuses what cannot be. Under the order lock. */
    private long judge(String name, LongUnaryOperator wanted, boolean shrinks) {
        engine.checkWritable();
        Version version = engine.catalogue.require(name);
        long sizeBytes = wanted.applyAsLong(version.sizeBytes);
        Geometry.checkVolumeSize(sizeBytes);
        if (sizeBytes < version.sizeBytes) {
            if (!shrinks) {
                throw new IllegalArgumentException(
                        "volume would become smaller: name=" + name + ", size=" + version.sizeBytes);
            }
            Head head = version.head;
            if (head != null && (head.handles > 0 || !head.cookies.isEmpty())) {
                throw new BlockSpaceException(
                        Code.BUSY,
                        "volume is open: name=" + name + ", handles=" + head.handles + ", cookies="
                                + head.cookies.size());
            }
        }
        return sizeBytes;
    }

    private void resizeLocked(Version version, long sizeBytes) {
        long sizeBlocks = Geometry.toBlocks(sizeBytes);
        if (sizeBytes > version.sizeBytes) {
            requireNoTail(version);
        }
        LogRecord.Resize record = new LogRecord.Resize(version.id, sizeBytes, version.guaranteeFor(sizeBlocks));
        record.write(writer.wrap(buffer, 0));
        if (version.quota != null && !version.quota.tryResize(sizeBlocks)) {
            throw BlockSpaceException.outOfSpace(version.quota.resizeFacts(sizeBlocks));
        }
        engine.append(record.type(), buffer, writer.length());
        try {
            engine.catalogue.resize(record);
            engine.rebalance(version);
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
        if (version.head != null) {
            version.head.bumpGeneration();
        }
    }

    /** Gives up what a volume maps beyond its end, as far as there is room to say so; the reaper does the rest. */
    void giveUpTail(String name) {
        boolean more = true;
        while (more) {
            engine.lock.lock();
            try {
                Version version = engine.catalogue.byName(name);
                more = version != null && version.tailBlocks > 0;
                if (more) {
                    clearing.trimStep(heads.of(version));
                }
            } catch (BlockSpaceException e) {
                if (e.code() != Code.OUT_OF_SPACE) {
                    throw e;
                }
                more = false;
            } finally {
                engine.lock.unlock();
            }
        }
    }

    /** Refuses what would pass a tail on. Under the order lock. */
    static void requireNoTail(Version version) {
        if (version.tailBlocks > 0) {
            throw new BlockSpaceException(Code.BUSY, "volume is being made smaller: name=" + version.name);
        }
    }
}
