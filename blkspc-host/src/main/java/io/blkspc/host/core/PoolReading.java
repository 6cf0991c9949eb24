package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.checkpoint.CheckpointRoot;
import io.blkspc.host.checkpoint.LoadDamageVisitor;
import io.blkspc.host.checkpoint.ObjectKind;
import io.blkspc.host.checkpoint.SegmentStore;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeCache;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.journal.DataLabel;
import io.blkspc.host.journal.PoolState;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockReading;
import io.blkspc.host.journal.SuperblockStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what is on the devices of a pool and never writes: superblock, checkpoint, and the journal replayed in memory. What
 * {@link PoolOpening} begins with, and all that a look at a pool takes.
 */
final class PoolReading {

    private static final Logger log = LoggerFactory.getLogger(PoolReading.class);

    /** Trees are walked from left to right, so few nodes are needed again. */
    private static final long QUESTION_CACHE_BYTES = 4 << 20;

    private static final String DATA_LABEL = "data label";

    private final PoolOpening.Environment environment;
    private final PoolDevices devices;

    PoolReading(PoolOpening.Environment environment, PoolDevices devices) {
        this.environment = environment;
        this.devices = devices;
    }

    /**
     * The superblock of a pool that may be changed.
     *
     * @throws BlockSpaceException {@code TOO_NEW} when it may only be read
     */
    Superblock writableSuperblock() {
        SuperblockReading found = superblock();
        if (!found.isWritable()) {
            throw new BlockSpaceException(Code.TOO_NEW, found.readOnlyReason());
        }
        return found.superblock();
    }

    /** The superblock on the medium; the files have the sizes it says. */
    private SuperblockReading superblock() {
        try (var medium = devices.superblock().openMedium();
                SuperblockStore reading = new SuperblockStore(medium)) {
            SuperblockReading found = reading.read();
            if (found.hasDamagedCopy()) {
                log.warn("one superblock copy is damaged and will be written again: copy={}", found.damagedCopy());
            }
            checkSize("data", devices.data().sizeBytes(), found.superblock().dataBytes());
            checkSize(
                    "journal", devices.journal().sizeBytes(), found.superblock().journalBytes());
            checkSize(
                    "segments",
                    devices.segments().sizeBytes(),
                    found.superblock().segmentAreaBytes());
            return found;
        }
    }

    private static void checkSize(String file, long found, long expected) {
        if (found < expected) {
            throw new CorruptSpaceException(
                    Code.NEEDS_CHECK, file, found, "file is truncated, size=" + found + ", expected=" + expected);
        }
    }

    /**
     * Makes sure that the data is what the pool was stopped with, where it was stopped cleanly and left a label. Reads as clients
     * will: what counts is the file that is open, whatever has its name by now. Nothing of it was left unforced by a clean stop.
     *
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when the label is not there
     */
    void requireLabel(Superblock superblock) {
        DataLabel label = superblock.state() == PoolState.CLEAN ? superblock.dataLabel() : null;
        if (label == null) {
            return;
        }
        long offset = Geometry.toBytes(label.block());
        if (label.block() < 0 || offset < 0 || offset >= superblock.dataBytes()) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, DATA_LABEL, offset, "reason=no such block");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = arena.allocate(DataLabel.LENGTH, DataLabel.LENGTH);
            readLabel(found, offset);
            String problem = label.problem(found, arena.allocate(DataLabel.LENGTH, Long.BYTES));
            if (problem != null) {
                throw new CorruptSpaceException(
                        Code.NEEDS_CHECK,
                        DATA_LABEL,
                        offset,
                        "reason=data does not belong to this pool as it was stopped, found=" + problem);
            }
        }
    }

    private void readLabel(MemorySegment into, long offset) {
        try {
            devices.data().read(new Transfer().reset(offset).add(into, 0, DataLabel.LENGTH), IoRole.VERIFY);
        } catch (BlockSpaceException e) {
            if (e.code() == Code.IO) { // as for a copy of the superblock: what cannot be read is not there
                throw new CorruptSpaceException(
                        Code.NEEDS_CHECK, DATA_LABEL, offset, "reason=cannot be read, cause=" + e.getMessage());
            }
            throw e;
        }
    }

    /** The checkpoint store of a pool, empty. */
    SegmentStore segments(Superblock superblock) {
        return segments(superblock, superblock.checkpointRoot());
    }

    /** The same for another root. */
    SegmentStore segments(Superblock superblock, CheckpointRoot root) {
        return SegmentStore.of(
                devices.segments(),
                superblock.poolUuid(),
                superblock.segmentBytes(),
                superblock.segmentAreaBytes(),
                root);
    }

    /** Takes over one object of the catalogue. */
    static void load(CatalogueImage image, ObjectKind kind, long id, MemorySegment memory, long offset, int length) {
        switch (kind) {
            case POOL -> image.loadPool(memory, offset, length);
            case VERSION -> image.loadVersion(id, memory, offset, length);
            case DEADLIST -> image.loadChunk(id, memory.asSlice(offset, length));
            default -> throw new IllegalArgumentException("not asked for: kind=" + kind);
        }
    }

    /** An empty ledger of the pool. */
    static Ledger ledger(Superblock superblock) {
        PoolGeometry geometry = PoolGeometry.of(superblock);
        return new Ledger(
                geometry.dataBlocks(),
                geometry.maxNodes(),
                geometry.logBytes(),
                0,
                geometry.slopNodes(),
                geometry.slopLogBytes());
    }

    /**
     * What is used follows from what was loaded; then guarantees stand promised again.
     *
     * @param stood they did so before in this pool
     */
    static void countUse(Catalogue catalogue, FreeSpace freeSpace, Ledger ledger, long nodeSlots, boolean stood) {
        long logBytes = 0;
        for (Version version : catalogue.versions()) {
            logBytes += version.dead.bytes() + version.gone.bytes() + version.recordBytes();
        }
        Reaping.SetAside aside = catalogue.reaping.setAside;
        if (aside != null) {
            logBytes += aside.list.bytes() - aside.cursor * DeadList.ENTRY_BYTES + aside.gone.bytes();
        }
        ledger.use(Resource.DATA_BLOCKS, freeSpace.blockCount() - freeSpace.freeBlocks());
        ledger.use(Resource.NODE_SLOTS, nodeSlots);
        ledger.use(Resource.LOG_BYTES, logBytes);
        for (Version version : catalogue.versions()) {
            if (version.isHead() && version.isVisible() && (version.guaranteeBlocks > 0 || version.limitBlocks > 0)) {
                version.quota = new HeadQuota(version, ledger);
                version.quota.open(catalogue.reaping.unsorted(version), stood);
            }
        }
    }

    /**
     * Everything that metadata says, every node read and verified. Leaves out entries above the mark whose data is not there.
     */
    Inspection inspect(InspectionLimit limit) {
        return inspect(true, null, null, limit);
    }

    /**
     * The same while the pool is open in this process: then every record counts that was appended up to the moment of {@code
     * accounts}.
     *
     * @param durableMark of the running pool, to compare the data of records above it with their checksums; {@code null} not to
     */
    Inspection inspectLive(Accounts accounts, LongSupplier durableMark, InspectionLimit limit) {
        return inspect(false, accounts, durableMark, limit);
    }

    /**
     * What {@link #inspectLive} shows, for a question that walks trees: nodes are read from the checkpoint when they are needed, so
     * the memory it takes does not grow with the pool. They are verified then only.
     *
     * @param sequence of the last record that counts
     */
    <T> T askLive(long sequence, InspectionLimit limit, Function<Inspection, T> question) {
        Superblock superblock = superblock().superblock();
        try (SegmentStore segments = segments(superblock)) {
            CatalogueImage image = new CatalogueImage();
            segments.loadKeys(
                    superblock.checkpointRoot(),
                    EnumSet.of(ObjectKind.POOL, ObjectKind.VERSION, ObjectKind.DEADLIST),
                    (kind, id, memory, offset, length) -> load(image, kind, id, memory, offset, length));
            Catalogue catalogue = image.link();
            NodeCache cache = newCache(superblock, new CheckpointNodes(segments), QUESTION_CACHE_BYTES);
            ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
            CorruptSpaceException end = new Replay(superblock, devices, catalogue, cache, tree, false)
                    .upTo(sequence)
                    .runToDamage();
            if (end != null) {
                throw end;
            }
            return question.apply(new Inspection(
                    catalogue,
                    tree,
                    freeSpace(superblock),
                    superblock.dataBytes() / Geometry.BLOCK_BYTES,
                    0,
                    false,
                    List.of(),
                    null,
                    () -> devices.data().openMedium(),
                    limit));
        }
    }

    private Inspection inspect(boolean verifyData, Accounts accounts, LongSupplier durableMark, InspectionLimit limit) {
        Superblock superblock = superblock().superblock();
        boolean clean = superblock.state() == PoolState.CLEAN;
        FreeSpace freeMap = freeSpace(superblock);
        CatalogueImage image = new CatalogueImage();
        NodeStore map = new HeapNodeStore();
        try (SegmentStore segments = segments(superblock)) {
            segments.load(superblock.checkpointRoot(), (kind, id, memory, offset, length) -> {
                if (kind == ObjectKind.NODE) {
                    limit.image();
                    map.put(id, memory.asSlice(offset, length));
                } else {
                    loadOther(image, clean ? freeMap : null, kind, id, memory, offset, length);
                }
            });
        }
        Catalogue catalogue = image.link();
        NodeCache cache = newCache(superblock, map);
        ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
        long nodeObjects = map.size();
        List<CorruptSpaceException> damage = new ArrayList<>();
        try {
            requireLabel(superblock);
        } catch (CorruptSpaceException e) {
            damage.add(e);
        }
        if (!clean) {
            Replay replay = new Replay(superblock, devices, catalogue, cache, tree, verifyData);
            if (accounts != null) {
                replay.upTo(accounts.sequence());
            }
            CorruptSpaceException end = (durableMark == null ? replay : replay.telling(durableMark)).runToDamage();
            if (end != null) {
                damage.add(end);
            } else if (accounts != null && replay.lastSequence() < accounts.sequence()) {
                damage.add(new CorruptSpaceException(
                        Code.NEEDS_CHECK,
                        "journal",
                        -1,
                        "lastSequence=" + replay.lastSequence() + ", appended=" + accounts.sequence()));
            }
            damage.addAll(replay.notThere());
        }
        return new Inspection(
                catalogue,
                tree,
                freeMap,
                superblock.dataBytes() / Geometry.BLOCK_BYTES,
                nodeObjects,
                clean,
                damage,
                accounts,
                () -> devices.data().openMedium(),
                limit);
    }

    /** The pool as it can be read; nodes are read from the checkpoint when they are needed. */
    PoolView view() {
        SuperblockReading found = superblock();
        requireLabel(found.superblock());
        SegmentStore segments = segments(found.superblock());
        boolean done = false;
        try {
            PoolView view = view(found, segments);
            done = true;
            return view;
        } finally {
            if (!done) {
                segments.close();
            }
        }
    }

    private PoolView view(SuperblockReading found, SegmentStore segments) {
        OpeningPhases phases = new OpeningPhases(environment.scheduler());
        Superblock superblock = found.superblock();
        boolean clean = superblock.state() == PoolState.CLEAN;
        FreeSpace freeSpace = freeSpace(superblock);
        CatalogueImage image = new CatalogueImage();
        segments.loadKeys(
                superblock.checkpointRoot(),
                EnumSet.of(ObjectKind.POOL, ObjectKind.VERSION, ObjectKind.DEADLIST, ObjectKind.FREEMAP),
                (kind, id, memory, offset, length) ->
                        loadOther(image, clean ? freeSpace : null, kind, id, memory, offset, length));
        Catalogue catalogue = image.link();
        NodeCache cache = newCache(superblock, new CheckpointNodes(segments));
        ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
        PoolView.Loaded loaded = new PoolView.Loaded(superblock, catalogue, tree, freeSpace);
        loaded.readOnlyReason = found.readOnlyReason();
        loaded.lastSequence = superblock.checkpointSequence();
        loaded.nodeSlots = superblock.nodeMapEntries();
        if (superblock.state() == PoolState.NEEDS_CHECK) {
            loaded.damage.add("pool is marked as damaged: uuid=" + superblock.poolUuid());
        }
        if (!clean) {
            replay(loaded, cache);
        }
        phases.done("read");
        return new PoolView(
                environment.scheduler(),
                loaded,
                devices,
                segments::close,
                phases.totalMillis(),
                environment.clockMillis().getAsLong());
    }

    /** All that can be read, whatever is damaged; extents are not read yet. */
    Salvage salvage() {
        Superblock superblock = superblock().superblock();
        SegmentStore segments = segments(superblock);
        List<Loss> losses = new ArrayList<>();
        try {
            requireLabel(superblock);
        } catch (CorruptSpaceException e) {
            losses.add(Loss.ofPool("all data may be that of another pool, or of another time: " + e.getMessage()));
        }
        CatalogueImage image = new CatalogueImage();
        segments.loadReadable(
                superblock.checkpointRoot(),
                EnumSet.of(ObjectKind.POOL, ObjectKind.VERSION, ObjectKind.DEADLIST),
                (kind, id, memory, offset, length) -> load(image, kind, id, memory, offset, length),
                new LoadDamageVisitor() {
                    @Override
                    public void segment(int liveObjects, BlockSpaceException problem) {
                        losses.add(Loss.ofPool("some of the objects=" + liveObjects
                                + " of a segment may have been volumes: " + problem.getMessage()));
                    }

                    @Override
                    public void object(ObjectKind kind, long id, BlockSpaceException problem) {
                        if (kind != ObjectKind.DEADLIST) { // that is worked out anew
                            losses.add(Loss.ofPool(kind + " object, id=" + id + ": " + problem.getMessage()));
                        }
                    }
                });
        Catalogue catalogue = image.linkReadable(losses::add);
        NodeCache cache = newCache(superblock, new CheckpointNodes(segments));
        ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
        FreeSpace reused = null;
        if (superblock.state() != PoolState.CLEAN) {
            Replay replay = new Replay(superblock, devices, catalogue, cache, tree, true).salvaging();
            CorruptSpaceException end = replay.runToDamage();
            reused = replay.reused();
            if (end != null) {
                losses.add(Loss.ofPool("everything after sequence=" + replay.lastSequence() + ": " + end.getMessage()));
            }
        }
        return new Salvage(
                        PoolGeometry.of(superblock),
                        superblock.incompatFeatures(),
                        catalogue,
                        tree,
                        reused,
                        devices.data(),
                        losses)
                .ofCleanStop(superblock.state() == PoolState.CLEAN);
    }

    private void replay(PoolView.Loaded loaded, NodeCache cache) {
        Replay replay = new Replay(loaded.superblock, devices, loaded.catalogue, cache, loaded.tree, true);
        CorruptSpaceException end = replay.runToDamage();
        loaded.lastSequence = replay.lastSequence();
        loaded.reused = replay.reused();
        if (end != null) {
            loaded.damage.add(end.getMessage());
        }
        try {
            loaded.nodeSlots = new Reachable(loaded.catalogue, loaded.tree, loaded.freeSpace).mark();
        } catch (CorruptSpaceException e) {
            loaded.damage.add(e.getMessage()); // what is free is then not known exactly; nobody will allocate
        }
    }

    private static FreeSpace freeSpace(Superblock superblock) {
        return new FreeSpace(superblock.dataBytes() / Geometry.BLOCK_BYTES);
    }

    /** The catalogue, and the free map of a clean stop ({@code null}: none is wanted). */
    private static void loadOther(
            CatalogueImage image,
            FreeSpace freeMap,
            ObjectKind kind,
            long id,
            MemorySegment memory,
            long offset,
            int length) {
        if (kind != ObjectKind.FREEMAP) {
            load(image, kind, id, memory, offset, length);
        } else if (freeMap != null && !FreeMapImage.load(freeMap, id, memory, offset, length)) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, "free map object", id, "");
        }
    }

    private NodeCache newCache(Superblock superblock, NodeStore nodes) {
        return newCache(superblock, nodes, environment.cacheBytes());
    }

    private static NodeCache newCache(Superblock superblock, NodeStore nodes, long cacheBytes) {
        return new NodeCache(nodes, superblock.poolUuid().getMostSignificantBits(), cacheBytes);
    }
}
