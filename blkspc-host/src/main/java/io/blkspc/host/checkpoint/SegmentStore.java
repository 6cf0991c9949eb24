package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/**
 * Images of metadata objects, keyed by kind and id, in fixed segments on one device: the content of the checkpoints. See
 * docs/format/segments.md.
 *
 * <p>Life: a new store is empty. Either {@link #load} or {@link #loadKeys} once, or go on empty (a new pool). Then, again
 * and again: {@link #begin} → puts and removes → {@link CheckpointWriter#finish} → the caller makes the root durable →
 * {@link #committed}. A crash anywhere before the root is durable leaves exactly the checkpoint before.
 *
 * <ul>
 *   <li>I1: an object is live if and only if the index has it; its live bit is set in the directory, and no other of it.
 *   <li>I2: no byte that the last committed root reaches is written until the next commit.
 *   <li>I3: between checkpoints at least one segment is free, so a compaction can begin.
 * </ul>
 *
 * <p>After an exception of the device the store refuses work; open it again from the root in the superblock. Owned by one
 * thread at a time.
 */
public final class SegmentStore implements AutoCloseable {

    /** Segments that may hold dead images besides as many as hold live ones: keeps loading fast in a big, empty area. */
    private static final int LOOSE_SEGMENTS = 8;

    /** A segment is read as one when at least one byte in so many is wanted, otherwise image by image. */
    private static final int WHOLE_READ_FROM = 8;

    private final BlockDevice device;
    // Freed with its last user, for a pool whose opening failed, or which a simulated crash cut off, is never closed.
    private final Arena arena = Arena.ofAuto();
    private final UUID pool;
    private SegmentLayout layout;
    private SegmentDirectory directory;
    private final SegmentSpace space;
    private SegmentReader reader;
    private SegmentStaging staging;
    private final ObjectIndex index = new ObjectIndex();

    private CheckpointRoot committed = CheckpointRoot.EMPTY;
    private CheckpointRoot sealed;
    private CheckpointWriter writer;
    private long writeNumber;
    private long liveBytes;
    private int occupied;
    private boolean failed;
    /** The area has grown, and no directory was written where it lies now. */
    private boolean moved;

    /**
     * An empty store.
     *
     * @param device preallocated; its content does not matter until a root says so
     * @param segmentBytes power of two from {@link SegmentLayout#MIN_SEGMENT_BYTES} to {@link
     *     SegmentLayout#MAX_SEGMENT_BYTES}; fixed for the life of the pool
     * @throws IllegalArgumentException when the device has no room for {@link SegmentLayout#MIN_SEGMENTS}
     */
    public SegmentStore(BlockDevice device, UUID pool, int segmentBytes) {
        this(device, pool, new SegmentLayout(device.sizeBytes(), segmentBytes));
    }

    /**
     * An empty store that {@code root} can be loaded into.
     *
     * @param areaBytes how much of the device is its area
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when the root is of no area of this size
     */
    public static SegmentStore of(
            BlockDevice device, UUID pool, int segmentBytes, long areaBytes, CheckpointRoot root) {
        SegmentLayout layout = SegmentLayout.of(root, areaBytes, segmentBytes);
        if (layout == null) {
            throw corruptRoot(root, "reason=geometry is not that of the area, area=" + areaBytes);
        }
        return new SegmentStore(device, pool, layout);
    }

    private SegmentStore(BlockDevice device, UUID pool, SegmentLayout layout) {
        this.device = device;
        this.pool = pool;
        this.layout = layout;
        directory = new SegmentDirectory(layout, pool, arena);
        space = new SegmentSpace(layout.segmentCount());
        reader = new SegmentReader(device, layout, pool, directory, arena);
        staging = new SegmentStaging(layout, pool, arena);
    }

    /** Largest image in bytes: 64 KiB, or a quarter of a small segment. */
    public int maxValueBytes() {
        return layout.maxValueBytes();
    }

    /** Most charge (see {@link SegmentLayout#charge}) the live objects may have for the area never to run out. */
    public long maxLiveBytes() {
        return layout.maxLiveBytes();
    }

    /** Bytes of the area that is needed for objects of that charge, after {@link #grow}. */
    public long areaBytesFor(long maxLive) {
        return layout.grownFor(maxLive).areaBytes();
    }

    /** {@code true} when the directory lies behind the segments, where no version before this feature looked. */
    public boolean isGrown() {
        return layout.isGrown();
    }

    /**
     * Makes room for objects of that charge, between two checkpoints. The next root tells; until it is committed nothing that
     * the last one reaches is written.
     *
     * @throws IllegalArgumentException when the device is smaller than {@link #areaBytesFor} that
     */
    public void grow(long maxLive) {
        requireWorking();
        SegmentLayout larger = layout.grownFor(maxLive);
        if (writer != null || sealed != null || larger.areaBytes() > device.sizeBytes()) {
            throw new IllegalArgumentException("cannot grow now: area=" + larger.areaBytes());
        }
        if (larger.segmentCount() == layout.segmentCount()) {
            return;
        }
        directory = directory.grown(larger, arena);
        reader = new SegmentReader(device, larger, pool, directory, arena);
        staging = new SegmentStaging(larger, pool, arena);
        space.grow(larger.segmentCount());
        layout = larger;
        moved = true;
    }

    /** Charge of the live objects. */
    public long liveBytes() {
        return liveBytes;
    }

    /** Live objects. */
    public long objectCount() {
        return index.size();
    }

    /** Segments with live images. */
    public int occupiedSegments() {
        return occupied;
    }

    /** Root of the last committed checkpoint. */
    public CheckpointRoot root() {
        return committed;
    }

    /** Generation for the next {@link #begin}. */
    public long nextGeneration() {
        return committed.generation() + 1;
    }

    /**
     * Charge that the puts of the next checkpoint may have together. Less than {@link #maxLiveBytes} after checkpoints
     * that changed much; {@link #makeRoom} brings it back.
     */
    public long roomBytes() {
        return Math.max(0, space.free() - SegmentLayout.RESERVE_SEGMENTS) * layout.sureBytes();
    }

    /**
     * Compacts until {@link #roomBytes} is at least {@code putBytes}, with checkpoints of their own that change nothing.
     * Does nothing when there is room, which is nearly always.
     *
     * @param flip makes each root durable
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when that much cannot be had; it always can while neither {@code
     *     putBytes} nor {@link #liveBytes} is above {@link #maxLiveBytes}
     */
    public void makeRoom(long putBytes, RootFlip flip) {
        while (roomBytes() < putBytes) {
            CheckpointWriter compaction = begin(nextGeneration());
            int wanted = (int) Math.ceilDiv(putBytes - roomBytes(), layout.sureBytes());
            EvacuationPlan plan = plan(wanted, space.free() * layout.sureBytes());
            if (plan.gain() == 0) {
                writer = null;
                throw BlockSpaceException.outOfSpace("area=checkpoint, live=" + liveBytes + ", room=" + roomBytes()
                        + ", wanted=" + putBytes + ", most=" + maxLiveBytes());
            }
            compaction.evacuate(plan);
            CheckpointRoot root = compaction.complete();
            boolean done = false;
            try {
                flip.flip(root);
                done = true;
            } finally {
                failUnless(done);
            }
            committed(root);
        }
    }

    /**
     * Begins a checkpoint.
     *
     * @param generation above that of the last committed root
     * @throws IllegalStateException while another one is under way
     */
    public CheckpointWriter begin(long generation) {
        requireWorking();
        if (writer != null || sealed != null) {
            throw new IllegalStateException("a checkpoint is under way: committed=" + committed.generation());
        }
        if (generation <= committed.generation()) {
            throw new IllegalArgumentException(
                    "generation must grow: generation=" + generation + ", committed=" + committed.generation());
        }
        writer = new CheckpointWriter(this, generation);
        return writer;
    }

    /**
     * Tells that {@code root} is durable in both superblock copies: what only the root before reached may be overwritten
     * from now on.
     */
    public void committed(CheckpointRoot root) {
        requireWorking();
        if (!root.equals(sealed)) {
            throw new IllegalStateException("not the finished checkpoint: generation=" + root.generation());
        }
        committed = root;
        sealed = null;
        space.commit(directory);
    }

    /**
     * Reads the whole checkpoint into an empty store, every live object exactly once.
     *
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when anything live is not what was written
     */
    public void load(CheckpointRoot root, LoadVisitor visitor) {
        load(root, EnumSet.allOf(ObjectKind.class), visitor, null, true);
    }

    /**
     * As {@link #load}, but reads only tables and the images of {@code kinds}: for a start that has the other objects
     * from elsewhere.
     */
    public void loadKeys(CheckpointRoot root, Set<ObjectKind> kinds, LoadVisitor visitor) {
        load(root, kinds, visitor, null, false);
    }

    /**
     * As {@link #loadKeys}, but goes on behind segments and images that are damaged: what they held is then missing.
     *
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when the directory is damaged
     */
    public void loadReadable(
            CheckpointRoot root, Set<ObjectKind> kinds, LoadVisitor visitor, LoadDamageVisitor damage) {
        load(root, kinds, visitor, damage, false);
    }

    /**
     * Copies the image of one live object, verified; for a reader of a loaded store that nobody writes to. Any thread.
     *
     * @param target filled from its start
     * @return {@code false} when there is no such object
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when it is not what was written
     */
    public synchronized boolean read(ObjectKind kind, long id, MemorySegment target) {
        requireWorking();
        long location = index.get(ObjectIndex.key(kind, id));
        if (location == ObjectIndex.MISSING) {
            return false;
        }
        int entry = ObjectIndex.entry(location);
        reader.readTable(ObjectIndex.segment(location));
        reader.readImage(entry);
        reader.verifyImage(entry);
        MemorySegment.copy(reader.memory(), reader.table().entryOffset(entry), target, 0, ObjectIndex.length(location));
        return true;
    }

    @Override
    public void close() {
        failed = true;
    }

    private void load(
            CheckpointRoot root, Set<ObjectKind> kinds, LoadVisitor visitor, LoadDamageVisitor damage, boolean whole) {
        requireWorking();
        if (writer != null || !committed.isEmpty() || index.size() != 0) {
            throw new IllegalStateException("store is not empty: generation=" + committed.generation());
        }
        if (root.isEmpty()) {
            return;
        }
        // A store that is half loaded is of no use.
        failed = true;
        directory.read(device, slotOf(root), root);
        for (int segment = 0; segment < layout.segmentCount(); segment++) {
            if (directory.liveCount(segment) > 0) {
                loadSegment(segment, kinds, visitor, damage, whole);
            }
        }
        if (damage == null && index.size() != root.objectCount()) {
            throw corruptRoot(root, "found=" + index.size());
        }
        committed = root;
        writeNumber = root.writeNumber();
        space.commit(directory);
        failed = false;
    }

    private void loadSegment(
            int segment, Set<ObjectKind> kinds, LoadVisitor visitor, LoadDamageVisitor damage, boolean whole) {
        boolean single = false;
        if (damage != null) {
            try {
                reader.readTable(segment);
                single = true; // so that one image which cannot be read spoils no other
            } catch (BlockSpaceException e) {
                damage.segment(directory.liveCount(segment), e);
                return;
            }
        } else if (whole) {
            reader.readAll(segment);
        } else {
            reader.readTable(segment);
            long wanted = wantedBytes(segment, kinds);
            single = wanted * WHOLE_READ_FROM < directory.writtenBytes(segment);
            if (wanted > 0 && !single) {
                reader.readImages();
            }
        }
        occupied++;
        SegmentTable table = reader.table();
        for (int entry = 0; entry < table.count(); entry++) {
            if (!directory.isLive(segment, entry)) {
                continue;
            }
            ObjectKind kind = reader.kind(entry);
            long id = table.entryId(entry);
            int length = table.entryLength(entry);
            int charge = SegmentLayout.charge(length);
            directory.charge(segment, charge);
            liveBytes += charge;
            long before = index.put(ObjectIndex.key(kind, id), ObjectIndex.location(segment, entry, length));
            if (before != ObjectIndex.MISSING) {
                throw new CorruptSpaceException(
                        BlockSpaceException.Code.NEEDS_CHECK,
                        "checkpoint segment",
                        layout.segmentOffset(segment),
                        "reason=object is live twice, kind=" + kind + ", id=" + id + ", segment=" + segment + ", other="
                                + ObjectIndex.segment(before));
            }
            if (kinds.contains(kind)) {
                try {
                    if (single) {
                        reader.readImage(entry);
                    }
                    reader.verifyImage(entry);
                    visitor.object(kind, id, reader.memory(), table.entryOffset(entry), length);
                } catch (BlockSpaceException e) {
                    if (damage == null) {
                        throw e;
                    }
                    damage.object(kind, id, e);
                }
            }
        }
    }

    /** Bytes of the live images of {@code kinds} in the segment whose table was read. */
    private long wantedBytes(int segment, Set<ObjectKind> kinds) {
        SegmentTable table = reader.table();
        long bytes = 0;
        for (int entry = 0; entry < table.count(); entry++) {
            if (directory.isLive(segment, entry) && kinds.contains(reader.kind(entry))) {
                bytes += Math.max(1, table.entryLength(entry));
            }
        }
        return bytes;
    }

    /** The directory slot of {@code root}, whose geometry must be this one's. */
    private int slotOf(CheckpointRoot root) {
        if (root.segmentCount() != layout.segmentCount()
                || root.segmentBytes() != layout.segmentBytes()
                || root.directoryPages() != layout.pages()
                || root.segmentsOffset() != layout.segmentsOffset()) {
            throw corruptRoot(root, "reason=geometry is not that of the device");
        }
        for (int slot = 0; slot < 2; slot++) {
            if (root.directoryOffset() == layout.directoryOffset(slot)) {
                return slot;
            }
        }
        throw corruptRoot(root, "reason=directory is in no slot");
    }

    private static CorruptSpaceException corruptRoot(CheckpointRoot root, String facts) {
        return new CorruptSpaceException(
                BlockSpaceException.Code.NEEDS_CHECK, "checkpoint root", 0, facts + ", root=" + root);
    }

    // What the writer of the current checkpoint uses.

    BlockDevice device() {
        return device;
    }

    SegmentLayout layout() {
        return layout;
    }

    SegmentDirectory directory() {
        return directory;
    }

    SegmentSpace space() {
        return space;
    }

    SegmentReader reader() {
        return reader;
    }

    SegmentStaging staging() {
        return staging;
    }

    ObjectIndex index() {
        return index;
    }

    long nextWriteNumber() {
        return ++writeNumber;
    }

    /** Makes the image at {@code location} the object's live one, and the one before dead. */
    void revive(long key, long location) {
        int segment = ObjectIndex.segment(location);
        int charge = SegmentLayout.charge(ObjectIndex.length(location));
        occupied += directory.liveCount(segment) == 0 ? 1 : 0;
        directory.revive(segment, ObjectIndex.entry(location), charge);
        liveBytes += charge;
        long before = index.put(key, location);
        if (before != ObjectIndex.MISSING) {
            kill(before);
        }
    }

    /** The image at {@code location} is no longer anybody's. */
    void kill(long location) {
        int segment = ObjectIndex.segment(location);
        int charge = SegmentLayout.charge(ObjectIndex.length(location));
        directory.kill(segment, ObjectIndex.entry(location), charge);
        liveBytes -= charge;
        occupied -= directory.liveCount(segment) == 0 ? 1 : 0;
    }

    /** Segments that will be free when what is written so far commits. */
    int freeAfterCommit() {
        return layout.segmentCount() - occupied;
    }

    /** Segments to have free after a commit: a quarter of the area, and no more dead segments than live ones. */
    int freeTarget() {
        long live = layout.segmentsFor(liveBytes);
        long target = Math.max(layout.segmentCount() / 4, layout.segmentCount() - 2 * live - LOOSE_SEGMENTS);
        return (int) target;
    }

    EvacuationPlan plan(int wanted, long budget) {
        return EvacuationPlan.make(layout, directory, space, wanted, budget);
    }

    /** Writes the directory of the finished checkpoint and ends its writer. */
    CheckpointRoot seal(long generation) {
        int slot = committed.isEmpty() || moved ? 0 : 1 - slotOf(committed);
        moved = false;
        int directoryCrc = directory.write(device, slot);
        sealed = new CheckpointRoot(
                generation,
                writeNumber,
                layout.directoryOffset(slot),
                layout.segmentsOffset(),
                layout.segmentCount(),
                layout.segmentBytes(),
                layout.pages(),
                directoryCrc,
                index.size());
        writer = null;
        return sealed;
    }

    void failUnless(boolean done) {
        if (!done) {
            failed = true;
        }
    }

    void requireCurrent(CheckpointWriter caller) {
        requireWorking();
        if (writer != caller) {
            throw new IllegalStateException("this checkpoint is finished: generation=" + caller.generation());
        }
    }

    private void requireWorking() {
        if (failed) {
            throw new BlockSpaceException(
                    BlockSpaceException.Code.FAILED, "segment store has failed: committed=" + committed.generation());
        }
    }
}
