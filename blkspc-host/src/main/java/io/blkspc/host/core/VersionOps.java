package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.journal.RecordWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Create, snapshot, clone and destroy. Each is one record: atomic, and durable before it returns (contract D5).
 *
 * <p>What freezes a live head does so within {@link Freezing}: a persist point with the order lock held; append the record;
 * publish; then, outside, force the journal. So the record carries a mark at or above the last entry of every volume it names
 * (SEMANTICS R6).
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a change ends all writing (D18)
final class VersionOps {

    /** Log bytes a version takes: its object, and a deadlist chunk that is not full. */
    static final int VERSION_LOG_BYTES = 1280;

    private static final int MAX_RECORD_BYTES = 256 * 1024;

    /** Of one of the records of a dump: small, so that they fill a small ring well. */
    private static final int MAX_FREEZE_BYTES = 32 * 1024;

    private final Engine engine;
    private final Heads heads;
    private final Freezing freezing;
    private final Supplier<UUID> uuids;
    private final LongSupplier clockMillis;
    private final RecordWriter writer = new RecordWriter();
    private final MemorySegment buffer;

    VersionOps(Engine engine, Heads heads, Freezing freezing, Supplier<UUID> uuids, LongSupplier clockMillis) {
        this.engine = engine;
        this.heads = heads;
        this.freezing = freezing;
        this.uuids = uuids;
        this.clockMillis = clockMillis;
        this.buffer = Arena.ofAuto().allocate(Math.min(MAX_RECORD_BYTES, engine.journal.maxPayloadBytes()), 8);
    }

    void create(String name, long sizeBytes, Quota quota) {
        Names.checkVolume(name);
        Geometry.checkVolumeSize(sizeBytes);
        long guarantee = Geometry.toBlocks(quota.guaranteeOf(sizeBytes));
        long limit = Geometry.toBlocks(quota.limitBytes());
        engine.lock.lock();
        try {
            engine.prepareRecord(MAX_NAME_RECORD);
            refuseTaken(name);
            Guarantee.Asked asked = Guarantee.Asked.of(guarantee, Geometry.toBlocks(sizeBytes), 0);
            LogRecord.Create record = new LogRecord.Create(
                    engine.catalogue.newVersionId(),
                    uuids.get(),
                    sizeBytes,
                    clockMillis.getAsLong(),
                    guarantee,
                    limit,
                    name);
            encode(record);
            LongConsumer change = sequence -> {
                engine.catalogue.create(record);
                attachQuota(record.versionId(), asked);
            };
            takeForHeads(1, 1, asked);
            decide(record, change);
        } finally {
            engine.lock.unlock();
        }
        engine.persistence.forceJournal();
    }

    private static final Guarantee.Asked NOTHING = new Guarantee.Asked(0, 0, 0);
    private static final int MAX_NAME_RECORD = 1024;

    void snapshot(List<String> names) {
        Set<String> volumes = new LinkedHashSet<>();
        for (String name : names) {
            if (!volumes.add(Names.volumeOf(Names.checkSnapshot(name)))) {
                throw new IllegalArgumentException("one volume twice in a group: name=" + name);
            }
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("no name");
        }
        freezing.with(volumes, frozen -> snapshotLocked(names, frozen));
        engine.persistence.forceJournal();
    }

    private void snapshotLocked(List<String> names, List<Head> frozen) {
        engine.prepareRecord((int) buffer.byteSize());
        List<LogRecord.Frozen> items = new ArrayList<>();
        for (String name : names) {
            refuseTaken(name);
            Version version = freezing.require(Names.volumeOf(name), frozen);
            items.add(new LogRecord.Frozen(version.id, engine.catalogue.newVersionId(), uuids.get(), name));
        }
        LogRecord.Snapshot record = new LogRecord.Snapshot(clockMillis.getAsLong(), items);
        encode(record);
        LongConsumer change = sequence -> {
            engine.catalogue.snapshot(record);
            freezing.settle(frozen);
        };
        freezing.promise(frozen, () -> takeForHeads(names.size(), 0, NOTHING));
        engine.persistence.persistWithLockHeld();
        decide(record, change);
    }

    /** What a dump asks of {@link #freezeAll}; called under the order lock. */
    interface Moment {
        /** The volumes whose writers are to be kept out; others have none. */
        Set<String> withWriters();

        /**
         * What is to be frozen now, or {@code null}: volumes came that nobody kept writers out of.
         *
         * @param isQuiet whether a volume has no writers
         */
        List<Version> toFreeze(Predicate<Version> isQuiet);

        /** Takes the frozen versions: nobody else gives them back. What it throws ends all writing. */
        void keep(List<Version> frozen);

        /** The same, in the order of the volumes: nobody wrote since. */
        void look(List<Version> frozen);
    }

    /**
     * Freezes any number of volumes at one moment, without giving names: in as many records as it takes, under one hold of the
     * order lock. A crash between them leaves hidden versions with one child, and these the reaper merges.
     *
     * @return {@code false} when volumes came meanwhile: nothing was frozen
     */
    boolean freezeAll(Moment moment) {
        Set<String> volumes;
        engine.lock.lock();
        try {
            volumes = moment.withWriters();
        } finally {
            engine.lock.unlock();
        }
        boolean[] isFrozen = {false};
        freezing.with(volumes, raised -> isFrozen[0] = freezeLocked(moment, raised));
        if (isFrozen[0]) {
            engine.persistence.forceJournal();
        }
        return isFrozen[0];
    }

    private boolean freezeLocked(Moment moment, List<Head> raised) {
        Set<Head> quiet = new HashSet<>(raised);
        Predicate<Version> isQuiet =
                head -> head.tailBlocks == 0 && (head.head == null ? head.quota == null : quiet.contains(head.head));
        List<Version> volumes = moment.toFreeze(isQuiet);
        if (volumes == null) {
            return false;
        }
        int payloadBytes = Math.min(MAX_FREEZE_BYTES, (int) buffer.byteSize());
        int perRecord = (payloadBytes - LogRecord.Snapshot.HEADER_BYTES) / LogRecord.Snapshot.NAMELESS_BYTES;
        engine.prepareRecords(payloadBytes, Math.ceilDiv(volumes.size(), perRecord));
        List<Version> again = moment.toFreeze(isQuiet); // the order lock may have been released for a checkpoint
        if (!volumes.equals(again)) {
            return false;
        }
        List<Head> frozen =
                volumes.stream().map(each -> each.head).filter(Objects::nonNull).toList();
        freezing.promise(frozen, () -> takeForHeads(volumes.size(), 0, NOTHING));
        engine.persistence.persistWithLockHeld();
        List<Version> made;
        try {
            made = freezeInRecords(volumes, perRecord, frozen);
            moment.keep(made);
        } catch (RuntimeException | Error e) {
            engine.fail(e); // of several records maybe not all (D18)
            throw e;
        }
        moment.look(made);
        return true;
    }

    private List<Version> freezeInRecords(List<Version> volumes, int perRecord, List<Head> frozen) {
        List<Version> made = new ArrayList<>();
        for (int from = 0; from < volumes.size(); from += perRecord) {
            List<LogRecord.Frozen> items = new ArrayList<>();
            for (Version each : volumes.subList(from, Math.min(volumes.size(), from + perRecord))) {
                items.add(new LogRecord.Frozen(each.id, engine.catalogue.newVersionId(), uuids.get(), ""));
            }
            LogRecord.Snapshot record = new LogRecord.Snapshot(clockMillis.getAsLong(), items);
            encode(record);
            long sequence = engine.append(record.type(), buffer, writer.length());
            engine.catalogue.snapshot(record);
            for (LogRecord.Frozen item : items) {
                Version version = engine.catalogue.byId(item.frozenId());
                version.destroySequence = sequence; // R8: what it owns is its child's only when that is durable
                made.add(version);
            }
        }
        freezing.settle(frozen);
        return made;
    }

    void clone(String source, List<String> targets, Quota quota) {
        Names.checkEither(source);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("no target name");
        }
        targets.forEach(Names::checkVolume);
        if (new LinkedHashSet<>(targets).size() != targets.size()) {
            throw new IllegalArgumentException("one target name twice");
        }
        if (source.indexOf('@') < 0) {
            freezing.with(Set.of(source), frozen -> cloneLocked(source, targets, quota, frozen));
        } else {
            engine.lock.lock();
            try {
                cloneLocked(source, targets, quota, List.of());
            } finally {
                engine.lock.unlock();
            }
        }
        engine.persistence.forceJournal();
    }

    private void cloneLocked(String source, List<String> targets, Quota quota, List<Head> frozen) {
        engine.prepareRecord((int) buffer.byteSize());
        Version version = frozen.isEmpty() ? engine.catalogue.require(source) : freezing.require(source, frozen);
        targets.forEach(this::refuseTaken);
        boolean freezes = version.isHead() && !isUnchanged(version);
        long guarantee = Geometry.toBlocks(quota.guaranteeOf(version.sizeBytes));
        long limit = Geometry.toBlocks(quota.limitBytes());
        Guarantee.Asked asked = Guarantee.Asked.of(guarantee, version.sizeBlocks(), version.mappedBlocks);
        List<LogRecord.Target> items = new ArrayList<>();
        for (String target : targets) {
            items.add(new LogRecord.Target(engine.catalogue.newVersionId(), uuids.get(), target));
        }
        long hidden = freezes ? engine.catalogue.newVersionId() : 0;
        LogRecord.Clone record =
                new LogRecord.Clone(version.id, hidden, uuids.get(), clockMillis.getAsLong(), guarantee, limit, items);
        encode(record);
        LongConsumer change = sequence -> {
            engine.catalogue.cloneHeads(record);
            items.forEach(item -> attachQuota(item.versionId(), asked));
            freezing.settle(frozen);
        };
        if (freezes) {
            freezing.promise(frozen, () -> takeForHeads(targets.size() + 1, targets.size(), asked));
            engine.persistence.persistWithLockHeld();
        } else {
            engine.checkWritable();
            takeForHeads(targets.size(), targets.size(), asked);
        }
        decide(record, change);
    }

    /** A head that has changed nothing since it was frozen shares its parent: no version is added (A7). */
    private boolean isUnchanged(Version head) {
        Version parent = head.parent;
        return parent != null
                && isAsItsParent(head)
                && (parent.isVisible() || parent.dumps == 0) // a dump reads it, and it goes with the dump
                && !engine.catalogue.reaping.isQueued(parent);
    }

    /** What it maps is what its parent maps. */
    static boolean isAsItsParent(Version head) {
        return head.exclusiveBlocks == 0
                && head.dead.isEmpty()
                && head.root.equals(head.parent.root)
                && head.sizeBytes == head.parent.sizeBytes;
    }

    void destroy(List<String> names, boolean force) {
        names.forEach(Names::checkEither);
        if (names.isEmpty()) {
            throw new IllegalArgumentException("no name");
        }
        if (new LinkedHashSet<>(names).size() != names.size()) {
            throw new IllegalArgumentException("one name twice");
        }
        engine.lock.lock();
        try {
            engine.prepareRecord((int) buffer.byteSize());
            List<Long> ids = new ArrayList<>();
            for (String name : names) {
                Version version = engine.catalogue.require(name);
                if (version.head != null && version.head.handles > 0 && !force) {
                    throw new BlockSpaceException(
                            Code.BUSY, "volume is attached: name=" + name + ", handles=" + version.head.handles);
                }
                Holds.requireNone(version);
                ids.add(version.id);
            }
            LogRecord.Destroy record = new LogRecord.Destroy(ids);
            encode(record);
            engine.checkWritable();
            LongConsumer change = sequence -> {
                engine.catalogue.destroy(record, sequence);
                for (long id : ids) {
                    Version version = engine.catalogue.byId(id);
                    if (version != null && version.quota != null) {
                        version.quota.close();
                    }
                }
            };
            closeHeads(ids);
            decide(record, change);
        } finally {
            engine.lock.unlock();
        }
        engine.persistence.forceJournal();
    }

    private void closeHeads(List<Long> ids) {
        try {
            for (long id : ids) {
                heads.close(engine.catalogue.byId(id));
            }
        } catch (RuntimeException | Error e) {
            engine.fail(e); // closed, and not destroyed (D18)
            throw e;
        }
    }

    void rename(String from, String to) {
        Names.checkEither(from);
        Names.checkEither(to);
        boolean isSnapshot = from.indexOf('@') >= 0;
        if (isSnapshot != to.indexOf('@') >= 0
                || (isSnapshot && !Names.volumeOf(from).equals(Names.volumeOf(to)))) {
            throw new IllegalArgumentException("not a new name for this: from=" + from + ", to=" + to);
        }
        engine.lock.lock();
        try {
            engine.prepareRecord(MAX_NAME_RECORD);
            engine.checkWritable();
            Version version = engine.catalogue.require(from);
            refuseTaken(to);
            if (!isSnapshot) {
                for (Version snapshot : engine.catalogue.snapshotsOf(from)) {
                    refuseTaken(to + snapshot.name.substring(from.length()));
                }
            }
            LogRecord.Rename record = new LogRecord.Rename(version.id, to);
            encode(record);
            decide(record, sequence -> engine.catalogue.rename(record));
        } finally {
            engine.lock.unlock();
        }
        engine.persistence.forceJournal();
    }

    /** As a freeze where locks and persist points go: what is kept is durable as it was. */
    void rollback(String snapshot, String keepAs) {
        String volume = Names.volumeOf(Names.checkSnapshot(snapshot));
        if (keepAs != null) {
            Names.checkVolume(keepAs);
        }
        freezing.with(Set.of(volume), raised -> rollbackLocked(snapshot, keepAs, freezing.require(volume, raised)));
        engine.persistence.forceJournal();
    }

    private void rollbackLocked(String snapshot, String keepAs, Version version) {
        engine.prepareRecord((int) buffer.byteSize());
        Version to = engine.catalogue.require(snapshot);
        if (keepAs != null) {
            refuseTaken(keepAs);
        }
        Head head = version.head;
        if (head.handles > 0 || !head.cookies.isEmpty()) {
            throw new BlockSpaceException(
                    Code.BUSY,
                    "volume is open: name=" + version.name + ", handles=" + head.handles + ", cookies="
                            + head.cookies.size());
        }
        LogRecord.Rollback record = new LogRecord.Rollback(
                version.id,
                to.id,
                engine.catalogue.newVersionId(),
                uuids.get(),
                clockMillis.getAsLong(),
                keepAs == null ? "" : keepAs);
        encode(record);
        LongConsumer change = sequence -> {
            engine.catalogue.rollback(record, sequence);
            head.bumpGeneration();
            engine.rebalance(version);
        };
        if (version.quota != null && !version.quota.tryPromiseForRollback(to.sizeBlocks(), to.mappedBlocks)) {
            throw BlockSpaceException.outOfSpace(version.quota.freezeFacts());
        }
        try {
            takeForHeads(1, 0, NOTHING);
            engine.persistence.persistWithLockHeld();
        } catch (RuntimeException | Error e) {
            engine.rebalance(version);
            throw e;
        }
        decide(record, change);
    }

    long nowMillis() {
        return clockMillis.getAsLong();
    }

    /** Takes the room of new version records, and promises what the new heads among them are guaranteed. */
    private void takeForHeads(int versions, int heads, Guarantee.Asked each) {
        Guarantee.Asked asked = each.times(heads);
        long bytes = (long) versions * VERSION_LOG_BYTES;
        if (!engine.ledger.tryPromise(asked.blocks(), asked.slots(), asked.logBytes() + bytes)) {
            throw BlockSpaceException.outOfSpace(
                    engine.ledger.facts(asked.blocks(), asked.slots(), asked.logBytes() + bytes));
        }
        engine.ledger.draw(Resource.LOG_BYTES, bytes);
    }

    private void attachQuota(long versionId, Guarantee.Asked asked) {
        Version version = engine.catalogue.byId(versionId);
        if (version.guaranteeBlocks > 0 || version.limitBlocks > 0) {
            version.quota = new HeadQuota(version, engine.ledger);
            version.quota.adopt(asked);
        }
    }

    private void refuseTaken(String name) {
        if (engine.catalogue.byName(name) != null) {
            throw new BlockSpaceException(Code.EXISTS, "name is taken: name=" + name);
        }
    }

    /** Refuses a record that is too long; to be called before anything is booked or closed for it. */
    private void encode(LogRecord record) {
        writer.wrap(buffer, 0);
        try {
            record.write(writer);
        } catch (IndexOutOfBoundsException e) {
            throw new BlockSpaceException(Code.LIMIT, "too many names in one command", e);
        }
    }

    /** Appends what was encoded and makes it true. Nothing may be thrown since it was paid: what takes memory was made before. */
    private void decide(LogRecord record, LongConsumer change) {
        long sequence = engine.append(record.type(), buffer, writer.length());
        try {
            change.accept(sequence);
            engine.surpluses.giveBack(); // there may have been a persist point
        } catch (RuntimeException | Error e) {
            engine.fail(e); // in the journal but not in memory: nothing may be written any more (D18)
            throw e;
        }
    }
}
