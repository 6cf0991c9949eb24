package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.checkpoint.CheckpointRoot;
import io.blkspc.host.checkpoint.CheckpointWriter;
import io.blkspc.host.checkpoint.ObjectKind;
import io.blkspc.host.checkpoint.SegmentLayout;
import io.blkspc.host.checkpoint.SegmentStore;
import io.blkspc.host.extent.Captured;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.journal.DataLabel;
import io.blkspc.host.journal.PoolState;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Writes checkpoints (SEMANTICS R10). One at a time; what changed is captured under the order lock, everything else goes on
 * beside the writers:
 *
 * <pre>
 *  capture at C → force what it names → images into free segments → force segments → nodes into the map
 *     → superblock, both copies, with mark C → journal up to C and superseded segments are free again
 * </pre>
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever goes wrong in a checkpoint ends all writing (D18)
final class Checkpointer {

    private static final long WAIT_NANOS = 1_000_000_000L;
    private static final int MAX_DIRTY_NODES = 32_768;

    private final Engine engine;
    private final PoolDevices devices;
    private final SegmentStore segments;
    private final SuperblockStore superblocks;
    private final NodeMap map;
    private final long poolTag;
    private final long salt; // of the journal this run writes
    private final Superblock superblock; // as on the medium; owned by whoever runs
    private boolean running; // guarded by the order lock
    private boolean growing; // guarded by the order lock

    Checkpointer(
            Engine engine,
            PoolDevices devices,
            SegmentStore segments,
            SuperblockStore superblocks,
            Superblock superblock,
            long salt,
            NodeMap map) {
        this.engine = engine;
        this.devices = devices;
        this.segments = segments;
        this.superblocks = superblocks;
        this.superblock = superblock;
        this.salt = salt;
        this.map = map;
        this.poolTag = superblock.poolUuid().getMostSignificantBits();
    }

    /** Everything a checkpoint at {@code sequence} consists of besides nodes, as images made under the order lock. */
    private static final class Capture {
        final long sequence;
        final long journalPosition;
        final int journalCrc;
        final Captured nodes;
        final CheckpointObjects objects;

        Capture(long sequence, long position, int crc, Captured nodes, CheckpointObjects objects) {
            this.sequence = sequence;
            this.journalPosition = position;
            this.journalCrc = crc;
            this.nodes = nodes;
            this.objects = objects;
        }
    }

    /** Writes one when the journal is half full or many nodes are dirty. */
    void runIfDue() {
        engine.lock.lock();
        try {
            if (isJournalHalfFull() || engine.cache.dirtyCount() > MAX_DIRTY_NODES) {
                runWithLockHeld();
            }
        } finally {
            engine.lock.unlock();
        }
    }

    private boolean isJournalHalfFull() {
        return engine.journal.usedBytes() > engine.journal.capacityBytes() / 2;
    }

    /** {@code true} when one should begin. Under the order lock. */
    boolean isOverdue() {
        return !running && isJournalHalfFull();
    }

    /** Writes one now. */
    void run() {
        engine.lock.lock();
        try {
            runWithLockHeld();
        } finally {
            engine.lock.unlock();
        }
    }

    /** As {@link #run} for a caller with the order lock, which is released meanwhile. Waits when another one runs. */
    void runWithLockHeld() {
        if (running) {
            engine.lock.await(WAIT_NANOS);
            return;
        }
        engine.checkWritable();
        running = true;
        try {
            Capture capture = capture(null);
            try (Engine.Unlocked _ = engine.unlocked()) {
                write(capture);
            }
            publish(capture);
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        } finally {
            running = false;
            engine.lock.signalAll();
        }
    }

    /** Runs something while no checkpoint is written: segments, superblock and the journal from C on stay what they are. */
    <T> T holdStill(Supplier<T> work) {
        engine.lock.lock();
        try {
            while (running) {
                engine.lock.await(WAIT_NANOS);
            }
            engine.checkOpen();
            running = true;
        } finally {
            engine.lock.unlock();
        }
        try {
            return work.get();
        } finally {
            engine.lock.lock();
            try {
                running = false;
                engine.lock.signalAll();
            } finally {
                engine.lock.unlock();
            }
        }
    }

    /** Makes sure that a version which does not know these features opens the pool no more, before anything needs them. */
    void require(long incompatFeatures) {
        holdStill(() -> {
            if ((superblock.incompatFeatures() & incompatFeatures) == incompatFeatures) {
                return null;
            }
            try {
                engine.checkWritable();
                superblocks.writeBoth(superblock.addIncompatFeatures(incompatFeatures));
            } catch (RuntimeException | Error e) {
                engine.fail(e);
                throw e;
            }
            return null;
        });
    }

    /** The superblock as it is on the medium. */
    <T> T ofSuperblock(Function<Superblock, T> read) {
        return holdStill(() -> read.apply(superblock));
    }

    /** The last checkpoint of this run: with the free map, and marked clean. */
    void closeClean() {
        engine.lock.lock();
        try {
            while (running || growing) {
                engine.lock.await(WAIT_NANOS);
            }
            engine.checkWritable();
            running = true;
            DataLabel label = engine.labelling.write(); // before anything that still rests counts as free
            abandonStages();
            engine.quarantine.release(Long.MAX_VALUE, Long.MAX_VALUE, engine.freeSpace);
            Capture capture = capture(engine.freeSpace);
            writeClean(capture, label);
            publish(capture);
            engine.markClosed(); // before the lock goes: a record after this checkpoint would never be replayed
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        } finally {
            running = false;
            engine.lock.unlock();
        }
    }

    /** Blocks staged by clients that never committed are free in the map that is written. */
    private void abandonStages() {
        for (Head head : engine.heads()) {
            StageTable stages = head.stages;
            for (int i = stages.size() - 1; i >= 0; i--) {
                if (stages.isFresh(i)) {
                    engine.freeSpace.release(stages.physical(i), stages.count(i));
                }
                stages.remove(i, stages.start(i), stages.count(i));
            }
        }
    }

    /**
     * Makes the pool larger: first the space, then the checkpoint that says so, whose superblock is the one moment at which it
     * happens, then the engine. Clients go on; so do checkpoints, while space is taken.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} or {@code LIMIT}: nothing changed
     */
    void grow(long dataBytes) {
        PoolGeometry from = beginGrowing();
        try {
            PoolGeometry to = from.grownTo(dataBytes);
            if (!to.equals(from)) {
                takeSpaceAndGrow(to);
            }
        } finally {
            engine.lock.lock();
            try {
                growing = false;
                engine.lock.signalAll();
            } finally {
                engine.lock.unlock();
            }
        }
    }

    /** One after the other: sizes then change by nobody else's hand. */
    private PoolGeometry beginGrowing() {
        engine.lock.lock();
        try {
            while (running || growing) {
                engine.lock.await(WAIT_NANOS);
            }
            engine.checkWritable();
            PoolGeometry from = PoolGeometry.of(superblock);
            growing = true;
            return from;
        } finally {
            engine.lock.unlock();
        }
    }

    /**
     * The segments last: until the superblock says so, a version from before pools could grow takes their size for that of the
     * pool. What a killed growth leaves of them, the next opening cuts back.
     */
    private void takeSpaceAndGrow(PoolGeometry to) {
        long area = Math.max(segments.areaBytesFor(to.checkpointBytes()), superblock.segmentAreaBytes());
        long segmentsBefore = devices.segments().sizeBytes();
        long dataBefore = devices.data().sizeBytes();
        NodeStore larger = null;
        boolean isTaken = false;
        try {
            devices.data().grow(to.dataBytes());
            larger = map.larger(to.maxNodes());
            devices.segments().grow(area);
            isTaken = true;
        } catch (BlockSpaceException e) {
            throw cannotGrow(e);
        } finally {
            if (!isTaken) {
                giveBack(larger, dataBefore, segmentsBefore);
            }
        }
        NodeStore filled = larger;
        holdStill(() -> {
            fillMap(filled, dataBefore, segmentsBefore);
            growTo(to);
            return null;
        });
    }

    private void fillMap(NodeStore larger, long dataBefore, long segmentsBefore) {
        boolean isFull = false;
        NodeStore unused = larger;
        try {
            engine.checkWritable();
            unused = null; // from here on the map sees to it
            map.growInto(larger);
            isFull = true;
        } catch (BlockSpaceException e) {
            throw cannotGrow(e);
        } finally {
            if (!isFull) {
                giveBack(unused, dataBefore, segmentsBefore);
            }
        }
    }

    /** Whatever it was, the pool goes on as it is, unless it had failed: nothing that it stands on has failed by this. */
    private BlockSpaceException cannotGrow(BlockSpaceException cause) {
        engine.checkWritable();
        return new BlockSpaceException(Code.OUT_OF_BACKING, "pool cannot grow: " + cause.getMessage(), cause);
    }

    private void giveBack(NodeStore larger, long dataBefore, long segmentsBefore) {
        if (larger != null) {
            map.discard(larger);
        }
        devices.segments().ungrow(segmentsBefore);
        devices.data().ungrow(dataBefore);
    }

    private void growTo(PoolGeometry to) {
        try {
            segments.grow(to.checkpointBytes());
            engine.lock.lock();
            Capture capture;
            try {
                capture = capture(null);
            } finally {
                engine.lock.unlock();
            }
            superblock
                    .dataBytes(to.dataBytes())
                    .maxNodes(to.maxNodes())
                    .segmentAreaBytes(
                            Math.max(superblock.segmentAreaBytes(), segments.areaBytesFor(to.checkpointBytes())));
            if (segments.isGrown()) {
                superblock.addIncompatFeatures(Superblock.INCOMPAT_GROWN_SEGMENTS);
            }
            write(capture);
            engine.lock.lock();
            try {
                publish(capture);
                engine.freeSpace.grow(to.dataBlocks());
                engine.ledger.grow(PoolReading.ledger(superblock));
            } finally {
                engine.lock.unlock();
            }
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
    }

    private Capture capture(FreeSpace freeMap) {
        long sequence = engine.journal.lastSequence();
        return new Capture(
                sequence,
                engine.journal.positionAfter(sequence),
                engine.journal.crcAfter(sequence),
                engine.cache.capture(),
                CheckpointObjects.capture(engine.catalogue, freeMap));
    }

    /** Makes the captured state the newest checkpoint. Without the order lock. */
    private void write(Capture capture) {
        // Begins after the capture, so what the image names is durable before it counts. Overwrites are their flush's.
        engine.persistence.persistPublished();
        CheckpointRoot root = writeImages(capture);
        superblock.state(PoolState.DIRTY).dataLabel(null);
        flip(capture, root);
    }

    /** As {@link #write}, the last one; {@code label} is in the data by now, or {@code null}. */
    private void writeClean(Capture capture, DataLabel label) {
        engine.data.force(IoRole.DATA); // all that was written, and the label
        CheckpointRoot root = writeImages(capture);
        long nodeSlots = engine.ledger.used(Resource.NODE_SLOTS);
        superblock.nodeMapValid(map.closeExact(nodeSlots)).nodeMapEntries(nodeSlots);
        superblock.state(PoolState.CLEAN).dataLabel(label);
        flip(capture, root);
    }

    /** On return the images are durable; nothing names them yet. */
    private CheckpointRoot writeImages(Capture capture) {
        long charge =
                (long) capture.nodes.nodeCount() * SegmentLayout.charge(NodeFormat.BYTES) + capture.objects.charge();
        segments.makeRoom(charge, this::flipRootOnly);
        CheckpointWriter writer = segments.begin(segments.nextGeneration());
        writeNodes(capture.nodes, writer);
        capture.objects.writeTo(writer);
        CheckpointRoot root = writer.finish();
        devices.segments().force(IoRole.CHECKPOINT);
        return root;
    }

    private void flip(Capture capture, CheckpointRoot root) {
        superblock
                .salt(salt)
                .checkpointRoot(root)
                .checkpointSequence(capture.sequence)
                .mark(capture.sequence)
                .forced(capture.sequence)
                .journalStart(capture.journalPosition, capture.journalCrc);
        superblocks.writeBoth(superblock);
        segments.committed(root);
    }

    private void writeNodes(Captured nodes, CheckpointWriter writer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment image = arena.allocate(NodeFormat.BYTES, 8);
            for (int i = 0; i < nodes.removedCount(); i++) {
                writer.remove(ObjectKind.NODE, nodes.removedId(i));
                map.remove(nodes.removedId(i));
            }
            for (int i = 0; i < nodes.nodeCount(); i++) {
                NodeFormat.encode(nodes.node(i), poolTag, image);
                long id = nodes.node(i).id();
                writer.put(ObjectKind.NODE, id, image, NodeFormat.BYTES);
                map.put(id, image);
            }
        }
    }

    /** A compaction moved images and changed nothing: same C, same journal start, new root. */
    private void flipRootOnly(CheckpointRoot root) {
        devices.segments().force(IoRole.CHECKPOINT);
        superblocks.writeBoth(superblock.checkpointRoot(root));
    }

    private void publish(Capture capture) {
        engine.cache.settle(capture.nodes);
        engine.journal.releaseUpTo(capture.sequence);
        engine.persistence.superblockForced(capture.sequence);
    }
}
