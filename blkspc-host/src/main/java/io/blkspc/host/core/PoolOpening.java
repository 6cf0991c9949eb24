package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.PoolEvent;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.checkpoint.ObjectKind;
import io.blkspc.host.checkpoint.SegmentStore;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.NodeCache;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.journal.DataLabel;
import io.blkspc.host.journal.Journal;
import io.blkspc.host.journal.PoolState;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sched.Scheduler;
import java.io.OutputStream;
import java.util.EnumSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a pool on four devices, or opens one. After a clean stop only the catalogue is read; after any other stop {@link
 * Replay} brings the state back first (SEMANTICS R11).
 */
public final class PoolOpening {

    private static final Logger log = LoggerFactory.getLogger(PoolOpening.class);

    private final Environment environment;
    private final PoolDevices devices;
    private final NodeStoreFactory nodes;
    private final PoolReading reading;
    private final Backing backing;
    private final EventLog events;

    /**
     * What comes from outside, so that a seed reproduces everything.
     *
     * @param scheduler locks, waiting and the clock
     * @param uuids new identities
     * @param salts new epoch salts, different each time
     * @param clockMillis wall clock, for creation times only
     * @param cacheBytes memory for clean nodes
     * @param lazyMap open the node map at the first need; for commands that may only look at the catalogue
     */
    public record Environment(
            Scheduler scheduler,
            Supplier<UUID> uuids,
            LongSupplier salts,
            LongSupplier clockMillis,
            long cacheBytes,
            boolean lazyMap) {}

    /** How the pool was opened, what closes its devices, and what looks at it while it is open. */
    record Opened(OpeningPhases phases, boolean clean, Runnable closeDevices, PoolReading reading) {

        /** Duration of the recovery, 0 when there was none. */
        long recoveryMillis() {
            return clean ? 0 : phases.totalMillis();
        }

        void release() {
            closeDevices.run();
        }
    }

    /** For devices that {@link #create} is about to use, or that it was used on. */
    public PoolOpening(Environment environment, PoolDevices devices, NodeStoreFactory nodes) {
        this.environment = environment;
        this.events = new EventLog(environment.scheduler(), environment.clockMillis());
        this.backing =
                new Backing(environment.scheduler(), events, devices.journal().keepsSpace());
        this.devices = new PoolDevices(
                new PatientDevice(devices.superblock(), backing),
                devices.journal(),
                new PatientDevice(devices.segments(), backing),
                devices.data());
        this.nodes = nodes;
        this.reading = new PoolReading(environment, this.devices);
    }

    /** Writes an empty pool to zeroed devices of the right sizes. Durable at return. */
    public void create(PoolGeometry geometry) {
        create(geometry, 0, empty -> {});
    }

    /**
     * Reads all that can be read of a damaged pool, without writing anything.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code NEEDS_CHECK} when both superblocks, the directory of the segments or
     *     the pool object are damaged; {@code TOO_NEW}, {@code TOO_OLD}
     */
    public Salvage salvage() {
        return reading.salvage().withExtents();
    }

    /**
     * Makes a pool as {@link #create} does and fills it with what was salvaged. Durable at return; until then the devices hold
     * no pool.
     *
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code IO} when the new pool cannot be written
     */
    public RepairReport createFrom(Salvage salvage, Consumer<String> progress) {
        RepairReport[] report = new RepairReport[1];
        create(
                salvage.geometry(),
                salvage.incompatFeatures(),
                engine -> report[0] = new PoolCopy(salvage, engine, progress).run());
        return report[0];
    }

    /**
     * Makes a pool as {@link #create} does and fills it with what a dump holds. Durable at return; until then the devices hold no
     * pool.
     *
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code NEEDS_CHECK} when the dump is damaged, truncated, or contradicts itself; {@code IO} when
     *     the new pool cannot be written
     */
    public RepairReport createFrom(DumpSource dump, Consumer<String> progress) {
        return createFrom(dump, ExtentBudget.usual(), progress);
    }

    RepairReport createFrom(DumpSource dump, ExtentBudget budget, Consumer<String> progress) {
        RepairReport[] report = new RepairReport[1];
        create(
                dump.geometry(),
                dump.incompatFeatures(),
                engine -> report[0] = new PoolRestore(dump, engine, budget, progress).run());
        return report[0];
    }

    /**
     * Writes all that a pool nobody holds contains into a stream, without changing the pool.
     *
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code NEEDS_CHECK} when something of it is damaged; {@code IO} when data cannot be read
     */
    public RepairReport dump(OutputStream to, Consumer<String> progress) {
        return dump(to, ExtentBudget.usual(), progress);
    }

    RepairReport dump(OutputStream to, ExtentBudget budget, Consumer<String> progress) {
        Superblock superblock = reading.writableSuperblock();
        if (superblock.state() == PoolState.NEEDS_CHECK) {
            throw new BlockSpaceException(Code.NEEDS_CHECK, "pool is marked as damaged: uuid=" + superblock.poolUuid());
        }
        Salvage salvage = reading.salvage();
        return new PoolDump(
                        salvage,
                        budget,
                        superblock.poolUuid(),
                        environment.clockMillis().getAsLong(),
                        progress)
                .write(to, environment.salts().getAsLong());
    }

    private void create(PoolGeometry geometry, long incompatFeatures, Consumer<Engine> fill) {
        UUID uuid = environment.uuids().get();
        Superblock superblock = Superblock.create(uuid)
                .salt(environment.salts().getAsLong())
                .createdMillis(environment.clockMillis().getAsLong())
                .dataBytes(geometry.dataBytes())
                .maxNodes(geometry.maxNodes())
                .journalBytes(geometry.journalBytes())
                .segmentBytes(geometry.segmentBytes())
                .segmentAreaBytes(devices.segments().sizeBytes())
                .journalStart(0, 0)
                .addIncompatFeatures(incompatFeatures);
        FreeSpace freeSpace = new FreeSpace(geometry.dataBlocks());
        SegmentStore segments = new SegmentStore(devices.segments(), uuid, geometry.segmentBytes());
        SuperblockStore store = new SuperblockStore(devices.superblock());
        NodeMap map = new NodeMap(environment.scheduler(), nodes, false, 0, empty -> {});
        try {
            map.size(); // makes the file now, so that a lack of space shows at create and not later
            Engine engine = assemble(superblock, new Catalogue(), map, freeSpace, segments, store, 1);
            fill.accept(engine);
            engine.checkpointer.closeClean();
        } finally {
            map.close(); // where something failed on the way: its file is about to be removed
            store.close();
            segments.close();
        }
    }

    /**
     * Opens the pool, replaying the journal where the last stop was not clean.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when this is not a pool; {@code NEEDS_CHECK} when it is damaged, or its data is
     *     not what a clean stop left; {@code TOO_NEW}, {@code TOO_OLD}
     */
    public HostPool open() {
        OpeningPhases phases = new OpeningPhases(environment.scheduler());
        backing.patience(Backing.OPENING_LOOKS);
        devices.superblock().force(IoRole.SUPERBLOCK);
        Superblock superblock = reading.writableSuperblock();
        boolean clean = superblock.state() == PoolState.CLEAN;
        if (superblock.state() == PoolState.NEEDS_CHECK) {
            throw new BlockSpaceException(Code.NEEDS_CHECK, "pool is marked as damaged: uuid=" + superblock.poolUuid());
        }
        reading.requireLabel(superblock);
        devices.segments().ungrow(superblock.segmentAreaBytes()); // of a growth that was killed before it was one
        FreeSpace freeSpace = new FreeSpace(superblock.dataBytes() / Geometry.BLOCK_BYTES);
        Engine engine = clean ? openClean(superblock, freeSpace) : recover(superblock, freeSpace, phases);
        phases.done(clean ? "open" : "checkpoint written");
        log.info("opened: clean={}, phasesMillis={}", clean, phases);
        events.add(clean ? PoolEvent.Kind.OPENED : PoolEvent.Kind.RECOVERED, null, "millis=" + phases.totalMillis());
        return new HostPool(
                engine,
                superblock.poolUuid(),
                new Opened(phases, clean, devices::close, reading),
                environment.uuids(),
                environment.clockMillis());
    }

    /**
     * Opens the pool for reading only: nothing is written, the journal is replayed in memory. A pool that {@link #open} refuses
     * because records are damaged or missing is what the records before the damage come to.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code NEEDS_CHECK} when superblock, checkpoint or catalogue are damaged, or
     *     the data is not what a clean stop left; {@code TOO_NEW}, {@code TOO_OLD}
     */
    public PoolView view() {
        return reading.view();
    }

    /**
     * Loads the metadata as {@link #open} would find it, without writing anything: the journal is replayed in memory only.
     *
     * @throws BlockSpaceException as {@link #view}
     */
    public Inspection inspect() {
        return inspect(InspectionLimit.none());
    }

    /**
     * As {@link #inspect()}.
     *
     * @throws BlockSpaceException {@code LIMIT} also: that is too little memory
     */
    public Inspection inspect(InspectionLimit limit) {
        return reading.inspect(limit);
    }

    /** The catalogue and the free map from the checkpoint; the node map as it was closed, when it is needed. */
    private Engine openClean(Superblock superblock, FreeSpace freeSpace) {
        SegmentStore segments = reading.segments(superblock);
        CatalogueImage image = new CatalogueImage();
        segments.loadKeys(
                superblock.checkpointRoot(),
                EnumSet.of(ObjectKind.POOL, ObjectKind.VERSION, ObjectKind.DEADLIST, ObjectKind.FREEMAP),
                (kind, id, memory, offset, length) -> {
                    if (kind == ObjectKind.FREEMAP) {
                        if (!FreeMapImage.load(freeSpace, id, memory, offset, length)) {
                            throw new CorruptSpaceException(Code.NEEDS_CHECK, "free map object", id, "");
                        }
                    } else {
                        PoolReading.load(image, kind, id, memory, offset, length);
                    }
                });
        Catalogue catalogue = image.link();
        NodeMap map = new NodeMap(
                environment.scheduler(),
                nodes,
                superblock.isNodeMapValid(),
                superblock.nodeMapEntries(),
                store -> loadNodes(superblock, segments, store));
        if (!environment.lazyMap()) {
            map.open();
        }
        return NodeMap.closedUnless(map, () -> openOver(map, superblock, catalogue, freeSpace, segments));
    }

    private Engine openOver(
            NodeMap map, Superblock superblock, Catalogue catalogue, FreeSpace freeSpace, SegmentStore segments) {
        SuperblockStore store = superblockStore(superblock);
        // From the first change on, the map on disk and the free map of the last stop are history.
        long entries = superblock.nodeMapEntries();
        DataLabel label = superblock.dataLabel();
        store.writeBoth(superblock
                .state(PoolState.DIRTY)
                .dataLabel(null)
                .nodeMapValid(false)
                .nodeMapEntries(0));
        Engine engine =
                assemble(superblock, catalogue, map, freeSpace, segments, store, superblock.checkpointSequence() + 1);
        engine.labelling.labelledBefore(label);
        PoolReading.countUse(engine.catalogue, engine.freeSpace, engine.ledger, entries, true);
        return engine;
    }

    private Engine recover(Superblock superblock, FreeSpace freeSpace, OpeningPhases phases) {
        // What the page cache holds may be newer than the medium and lost at the next power cut: bring it down first,
        // then
        // read what is there (R11).
        devices.journal().force(IoRole.JOURNAL);
        devices.segments().force(IoRole.CHECKPOINT);
        devices.data().force(IoRole.DATA);
        devices.data().dropCache(); // what a failed force left there would be read, flushed, and gone at a power cut
        phases.done("force");
        SegmentStore segments = reading.segments(superblock);
        NodeMap map = NodeMap.ofEmpty(environment.scheduler(), nodes, store -> loadNodes(superblock, segments, store));
        phases.done("empty map");
        return NodeMap.closedUnless(map, () -> recoverInto(map, superblock, freeSpace, segments, phases));
    }

    private Engine recoverInto(
            NodeMap map, Superblock superblock, FreeSpace freeSpace, SegmentStore segments, OpeningPhases phases) {
        Catalogue catalogue = loadAll(superblock, segments, map);
        phases.done("checkpoint read");
        NodeCache cache = newCache(superblock, map);
        ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
        Replay replay = new Replay(superblock, devices, catalogue, cache, tree, true);
        long last = replay.run();
        phases.done("replay");
        long slots = new Reachable(catalogue, tree, freeSpace).mark();
        phases.done("free space");
        SuperblockStore store = superblockStore(superblock);
        // A new salt and an empty ring count from the flip of the first checkpoint on, not before: until then the old
        // records are the truth.
        long salt = environment.salts().getAsLong();
        Journal journal = Journal.open(devices.journal(), superblock.poolUuid(), salt, 0, last + 1, 0, 0);
        Engine engine =
                assembleWith(superblock, catalogue, cache, tree, map, freeSpace, segments, store, journal, salt);
        catalogue.forgetEmptyTails(tree);
        PoolReading.countUse(engine.catalogue, engine.freeSpace, engine.ledger, slots, true);
        engine.checkpointer.run();
        return engine;
    }

    /** Reads each segment once: the catalogue, and every node into an empty map. */
    private static Catalogue loadAll(Superblock superblock, SegmentStore segments, NodeStore map) {
        CatalogueImage image = new CatalogueImage();
        segments.loadKeys(
                superblock.checkpointRoot(),
                EnumSet.of(ObjectKind.POOL, ObjectKind.VERSION, ObjectKind.DEADLIST, ObjectKind.NODE),
                (kind, id, memory, offset, length) -> {
                    if (kind == ObjectKind.NODE) {
                        map.put(id, memory.asSlice(offset, length));
                    } else {
                        PoolReading.load(image, kind, id, memory, offset, length);
                    }
                });
        return image.link();
    }

    private void loadNodes(Superblock superblock, SegmentStore current, NodeStore into) {
        try (SegmentStore loading = reading.segments(superblock, current.root())) {
            loading.loadKeys(
                    current.root(),
                    EnumSet.of(ObjectKind.NODE),
                    (kind, id, memory, offset, length) -> into.put(id, memory.asSlice(offset, length)));
        }
    }

    private SuperblockStore superblockStore(Superblock onMedium) {
        return new SuperblockStore(devices.superblock(), onMedium.generation());
    }

    private NodeCache newCache(Superblock superblock, NodeMap map) {
        return new NodeCache(map, superblock.poolUuid().getMostSignificantBits(), environment.cacheBytes());
    }

    private Engine assemble(
            Superblock superblock,
            Catalogue catalogue,
            NodeMap map,
            FreeSpace freeSpace,
            SegmentStore segments,
            SuperblockStore store,
            long nextSequence) {
        NodeCache cache = newCache(superblock, map);
        ExtentTree tree = new ExtentTree(cache, catalogue::newNodeId);
        Journal journal = Journal.open(
                devices.journal(),
                superblock.poolUuid(),
                superblock.salt(),
                superblock.journalPosition(),
                nextSequence,
                superblock.journalPreviousCrc(),
                superblock.journalPosition());
        return assembleWith(
                superblock, catalogue, cache, tree, map, freeSpace, segments, store, journal, superblock.salt());
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // the one place where the parts meet
    private Engine assembleWith(
            Superblock superblock,
            Catalogue catalogue,
            NodeCache cache,
            ExtentTree tree,
            NodeMap map,
            FreeSpace freeSpace,
            SegmentStore segments,
            SuperblockStore store,
            Journal journal,
            long salt) {
        Ledger ledger = PoolReading.ledger(superblock);
        Engine engine =
                new Engine(environment.scheduler(), devices.data(), journal, catalogue, cache, tree, freeSpace, ledger);
        engine.checkpointer = new Checkpointer(engine, devices, segments, store, superblock, salt, map);
        engine.labelling = new Labelling(engine, superblock.poolUuid(), environment.salts());
        engine.backing = backing;
        engine.events = events;
        engine.persistence.startAt(journal.lastSequence());
        return engine;
    }
}
