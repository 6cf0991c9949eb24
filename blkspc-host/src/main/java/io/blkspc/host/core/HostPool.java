package io.blkspc.host.core;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.Geometry;
import io.blkspc.api.JobInfo;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolEvent.Kind;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.sched.Dumps;
import java.io.OutputStream;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** An open pool. The thin public face over the parts of the engine; made by {@link PoolOpening}. */
public final class HostPool implements Pool {

    private final Engine engine;
    private final UUID uuid;
    private final PoolOpening.Opened opened;
    private final Heads heads;
    private final WritePath writePath;
    private final CommitPath commitPath;
    private final Clearing clearing;
    private final Resizing resizing;
    private final Holds holds;
    private final VersionOps versionOps;
    private final Reclaim reclaim;
    private final Background background;
    private final LiveInspection liveInspection;
    private final Dumps dumps = new Dumps();

    HostPool(Engine engine, UUID uuid, PoolOpening.Opened opened, Supplier<UUID> uuids, LongSupplier clockMillis) {
        this.engine = engine;
        this.uuid = uuid;
        this.opened = opened;
        this.heads = new Heads(engine);
        this.writePath = new WritePath(engine);
        this.commitPath = new CommitPath(engine);
        this.clearing = new Clearing(engine);
        this.holds = new Holds(engine);
        this.resizing = new Resizing(engine, heads, clearing);
        this.versionOps =
                new VersionOps(engine, heads, new Freezing(engine, heads, writePath, resizing), uuids, clockMillis);
        Reaper reaper = new Reaper(engine, heads, clearing);
        engine.reaper = reaper;
        this.reclaim = new Reclaim(engine, reaper);
        this.background = new Background(engine, reaper);
        this.liveInspection = new LiveInspection(engine, opened.reading());
        engine.backing.patience(Backing.MAX_LOOKS);
    }

    @Override
    public PoolStatus status() {
        engine.lock.lock();
        try {
            Ledger ledger = engine.ledger;
            long used = ledger.used(Resource.DATA_BLOCKS);
            int snapshots = engine.catalogue.snapshotCount();
            PoolStatus.State state = engine.isFailed()
                    ? PoolStatus.State.FAILED
                    : engine.isClosed()
                            ? PoolStatus.State.CLOSED
                            : engine.backing.isShort() ? PoolStatus.State.OUT_OF_BACKING : PoolStatus.State.SERVING;
            // What rests until a persist point is nobody's: whoever needs it asks for one.
            long promised = ledger.promised(Resource.DATA_BLOCKS) - engine.surpluses.restingBlocks();
            return new PoolStatus(
                    state,
                    uuid,
                    Geometry.toBytes(ledger.capacity(Resource.DATA_BLOCKS)),
                    Geometry.toBytes(used),
                    Geometry.toBytes(ledger.capacity(Resource.DATA_BLOCKS) - used),
                    Geometry.toBytes(engine.quarantine.blocks()),
                    Geometry.toBytes(promised + ledger.slop(Resource.DATA_BLOCKS)),
                    Geometry.toBytes(promised),
                    ledger.capacity(Resource.NODE_SLOTS) * NodeFormat.BYTES,
                    ledger.used(Resource.NODE_SLOTS) * NodeFormat.BYTES,
                    engine.catalogue.visible().size() - snapshots,
                    snapshots,
                    engine.journal.lastSequence(),
                    engine.persistence.persisted(),
                    engine.journal.capacityBytes(),
                    engine.journal.usedBytes(),
                    opened.recoveryMillis(),
                    opened.clean(),
                    engine.readErrors.count());
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public List<VolumeInfo> list() {
        engine.lock.lock();
        try {
            engine.checkOpen();
            return infos().all(engine.catalogue.visible());
        } finally {
            engine.lock.unlock();
        }
    }

    private VolumeInfos infos() {
        Catalogue catalogue = engine.catalogue;
        return new VolumeInfos(catalogue::byId, catalogue::clonesOf, catalogue::solelyHeldBlocks);
    }

    @Override
    public VolumeInfo info(String name) {
        Names.checkEither(name);
        engine.lock.lock();
        try {
            engine.checkOpen();
            Version version = engine.catalogue.require(name);
            return infos().of(version);
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public VolumeInfo create(String name, long sizeBytes, Quota quota) {
        checkWritable();
        reclaim.retrying(() -> versionOps.create(name, sizeBytes, quota));
        tell(Kind.CREATED, name, "size=" + sizeBytes);
        return info(name);
    }

    @Override
    public List<VolumeInfo> snapshot(List<String> names) {
        checkWritable();
        reclaim.retrying(() -> versionOps.snapshot(List.copyOf(names)));
        engine.events.add(Kind.SNAPSHOT, names.getFirst(), names);
        return names.stream().map(this::info).toList();
    }

    @Override
    public List<VolumeInfo> clone(String source, List<String> targets, Quota quota) {
        checkWritable();
        reclaim.retrying(() -> versionOps.clone(source, List.copyOf(targets), quota));
        engine.events.add(Kind.CLONED, source, targets);
        return targets.stream().map(this::info).toList();
    }

    @Override
    public Changes changedSince(String name, String since, long fromBytes) {
        engine.lock.lock();
        try {
            engine.checkOpen();
            return ChangeList.between(engine.catalogue, engine.tree, name, since, fromBytes);
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public Changes changedSince(Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        engine.lock.lock();
        try {
            engine.checkOpen();
            return ChangeList.between(engine.catalogue, engine.tree, comparison, fromBytes, toBytes, maxRanges);
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public VolumeInfo rename(String from, String to) {
        checkWritable();
        versionOps.rename(from, to);
        tell(Kind.RENAMED, from, "to=" + to);
        return info(to);
    }

    @Override
    public VolumeInfo rollback(String snapshot, String keepAs) {
        checkWritable();
        reclaim.retrying(() -> versionOps.rollback(snapshot, keepAs));
        tell(
                Kind.ROLLED_BACK,
                Names.volumeOf(snapshot),
                "snapshot=" + snapshot + (keepAs == null ? "" : ", kept=" + keepAs));
        return info(Names.volumeOf(snapshot));
    }

    @Override
    public VolumeInfo resize(String name, long sizeBytes, boolean shrinks) {
        checkWritable();
        reclaim.retrying(() -> resizing.resize(name, any -> sizeBytes, shrinks));
        tell(Kind.RESIZED, name, "size=" + sizeBytes);
        return info(name);
    }

    @Override
    public VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks) {
        checkWritable();
        reclaim.retrying(() -> resizing.resize(name, size -> Geometry.add(size, differenceBytes), shrinks));
        tell(Kind.RESIZED, name, "by=" + differenceBytes);
        return info(name);
    }

    @Override
    public VolumeInfo hold(String tag, String snapshot) {
        checkWritable();
        reclaim.retrying(() -> holds.change(tag, snapshot, true));
        tell(Kind.HELD, snapshot, "tag=" + tag);
        return info(snapshot);
    }

    @Override
    public VolumeInfo release(String tag, String snapshot) {
        checkWritable();
        holds.change(tag, snapshot, false);
        tell(Kind.RELEASED, snapshot, "tag=" + tag);
        return info(snapshot);
    }

    @Override
    public long bytesFreedBy(List<String> names) {
        StackRoom.require();
        names.forEach(Names::checkEither);
        engine.checkOpen();
        return liveInspection.bytesFreedBy(names);
    }

    @Override
    public void destroy(List<String> names, boolean force) {
        checkWritable();
        versionOps.destroy(List.copyOf(names), force);
        engine.events.add(Kind.DESTROYED, names.getFirst(), names);
    }

    @Override
    public List<PoolEvent> events(long after) {
        return engine.events.after(after);
    }

    private void tell(Kind kind, String name, String facts) {
        engine.events.add(kind, name, facts);
    }

    @Override
    public void awaitReclaim() {
        reclaim.await(() -> false);
    }

    @Override
    public List<JobInfo> jobs() {
        engine.lock.lock();
        try {
            engine.checkOpen();
            return Jobs.list(engine.catalogue);
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public void awaitJob(long id) {
        Jobs.requireKnown(engine, id);
        reclaim.await(() -> !Jobs.isAtWork(engine, id));
    }

    /** Before every command: it has the stack it takes, and the pool takes writes. */
    private void checkWritable() {
        StackRoom.require();
        engine.checkWritable();
    }

    @Override
    public List<ReservationInfo> reservations() {
        engine.lock.lock();
        try {
            engine.checkOpen();
            return Reservations.list(engine);
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public BlockSpace open(String name) {
        Names.checkEither(name);
        engine.lock.lock();
        try {
            engine.checkOpen();
            Head head = heads.of(engine.catalogue.require(name));
            HostSpace space = new HostSpace(engine, head, writePath, commitPath, clearing);
            head.handles++;
            return space;
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public void flush() {
        checkWritable();
        engine.persistence.persist();
    }

    /**
     * One round of the work that goes on behind the clients' backs: the durable mark, rested blocks, one reaper step, a
     * checkpoint when the journal fills. Call it again and again from one thread.
     *
     * @return {@code true} when there is more to do at once
     */
    public boolean backgroundRound() {
        StackRoom.require();
        return background.round();
    }

    /**
     * Looks at the metadata while the pool is open and written to, from one consistent point; checkpoints wait meanwhile.
     *
     * @param examine gets the metadata; must not keep it
     */
    public <T> T inspect(Function<Inspection, T> examine) {
        return inspect(Long.MAX_VALUE, false, examine);
    }

    /**
     * As {@link #inspect(Function)}, with what it may take.
     *
     * @param memoryBytes that it may take, about
     * @param isDeep the data of records that are not durable yet is compared with their checksums as well
     * @param examine gets the metadata; may keep it to read data, not to look at metadata
     * @throws BlockSpaceException {@code LIMIT} when that is too little memory; {@code BUSY} when the pool is being closed
     */
    public <T> T inspect(long memoryBytes, boolean isDeep, Function<Inspection, T> examine) {
        StackRoom.require();
        return liveInspection.inspect(memoryBytes, isDeep, examine);
    }

    /**
     * Writes all that the pool contains at one moment into a stream, while clients go on. All volumes are frozen at that moment, and
     * what was frozen is kept until the dump ends; no snapshot can be destroyed meanwhile.
     *
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when there is no room to freeze them; {@code NEEDS_CHECK} when something
     *     is damaged; {@code BUSY}, also when the pool is closed meanwhile
     */
    public RepairReport dump(OutputStream to, long dumpId, Consumer<String> progress) {
        return dump(to, dumpId, ExtentBudget.usual(), progress);
    }

    RepairReport dump(OutputStream to, long dumpId, ExtentBudget budget, Consumer<String> progress) {
        checkWritable();
        try (Dumps.Dump dump = dumps.begin();
                DumpPoint point = DumpPoint.take(engine, this::freeze)) {
            return new PoolDump(point.salvage(), budget, uuid, versionOps.nowMillis(), progress)
                    .endedBy(dump::check)
                    .write(dump.stream(to), dumpId);
        }
    }

    private boolean freeze(VersionOps.Moment moment) {
        boolean[] isFrozen = new boolean[1];
        reclaim.retrying(() -> isFrozen[0] = versionOps.freezeAll(moment));
        return isFrozen[0];
    }

    /** Calls this when a background round should come soon: from any thread, under locks; it must only wake somebody. */
    public void onBackgroundNeeded(Runnable wake) {
        engine.wakeBackground = wake;
    }

    /** The pool is about to be closed: dumps end with {@code BUSY}. When this returns none of them reads the pool any more. */
    public void endDumps() {
        dumps.end();
    }

    /**
     * The pool is about to be closed: whoever looks at its metadata ends with {@code BUSY}, whoever waits for the backing store to
     * have room gives up soon.
     */
    public void hurry() {
        liveInspection.end();
        engine.backing.patience(Backing.CLOSING_LOOKS);
    }

    @Override
    public PoolStatus grow(long dataBytes) {
        StackRoom.require();
        engine.checkpointer.grow(dataBytes);
        tell(Kind.GROWN, null, "size=" + dataBytes);
        return status();
    }

    /** How long the parts of the opening took. */
    OpeningPhases openingPhases() {
        return opened.phases();
    }

    /** What the pool is made of, for checks that look inside. */
    Engine engine() {
        return engine;
    }

    /** Writes a checkpoint now. */
    public void checkpoint() {
        checkWritable();
        engine.checkpointer.run();
    }

    /** Ends all writing because of something that went wrong outside. */
    public void fail(Throwable cause) {
        engine.fail(cause);
    }

    /** What ended all writing, or {@code null}. */
    public Throwable failure() {
        return engine.failure();
    }

    @Override
    public void close() {
        endDumps();
        engine.lock.lock();
        try {
            if (engine.isClosed()) {
                return;
            }
            for (Version version : engine.catalogue.versions()) {
                heads.close(version); // no new lease, allocate or commit from here on
            }
        } finally {
            engine.lock.unlock();
        }
        hurry();
        try {
            if (!engine.isFailed()) {
                engine.checkpointer.closeClean();
            }
        } finally {
            engine.markClosed();
            opened.release();
        }
        if (engine.isFailed()) {
            throw new BlockSpaceException(
                    Code.FAILED,
                    "pool was not marked clean: cause=" + engine.failure().getMessage(),
                    engine.failure());
        }
    }
}
