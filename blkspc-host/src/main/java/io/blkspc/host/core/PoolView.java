package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.Geometry;
import io.blkspc.api.JobInfo;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.journal.PoolState;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool that is open for reading only; made by {@link PoolOpening#view}. Nothing is ever written to its devices, and every
 * change is refused with {@code READ_ONLY}. Where the pool is damaged it is what the records before the damage come to
 * (contract D14); a read that needs a damaged node fails, and so does one of a block that a record past the damage names.
 */
public final class PoolView implements Pool {

    private static final Logger log = LoggerFactory.getLogger(PoolView.class);

    private final OrderLock lock;
    private final Loaded loaded;
    private final Ledger ledger;
    private final PoolDevices devices;
    private final ReadErrors readErrors = new ReadErrors();
    private final BlockDevice data;
    private final Runnable closeNodes;
    private final long readMillis;
    private final long openedMillis;
    private volatile boolean closed;

    /** What was read. */
    static final class Loaded {
        final Superblock superblock;
        final Catalogue catalogue;
        final ExtentTree tree;
        final FreeSpace freeSpace;
        final List<String> damage = new ArrayList<>();
        /** Blocks that are not what the maps say, or {@code null}. */
        FreeSpace reused;

        String readOnlyReason;
        long lastSequence;
        long nodeSlots;

        Loaded(Superblock superblock, Catalogue catalogue, ExtentTree tree, FreeSpace freeSpace) {
            this.superblock = superblock;
            this.catalogue = catalogue;
            this.tree = tree;
            this.freeSpace = freeSpace;
        }
    }

    PoolView(
            Scheduler scheduler,
            Loaded loaded,
            PoolDevices devices,
            Runnable closeNodes,
            long readMillis,
            long openedMillis) {
        this.openedMillis = openedMillis;
        this.lock = scheduler.newLock("view");
        this.loaded = loaded;
        this.devices = devices;
        this.closeNodes = closeNodes;
        this.readMillis = readMillis;
        this.data = new IntactBlocks(devices.data(), loaded.reused, readErrors);
        this.ledger = PoolReading.ledger(loaded.superblock);
        PoolReading.countUse(loaded.catalogue, loaded.freeSpace, ledger, loaded.nodeSlots, true);
        for (String problem : loaded.damage) {
            log.warn("pool is damaged and open for reading only: {}", problem);
        }
        if (loaded.readOnlyReason != null) {
            log.warn("pool is open for reading only: {}", loaded.readOnlyReason);
        }
    }

    /** What is wrong with the pool, in words; empty when nothing is. */
    public List<String> damage() {
        return List.copyOf(loaded.damage);
    }

    /** Sequence of the last record that counts. */
    long lastSequence() {
        return loaded.lastSequence;
    }

    Catalogue catalogue() {
        return loaded.catalogue;
    }

    ExtentTree tree() {
        return loaded.tree;
    }

    OrderLock lock() {
        return lock;
    }

    /** The blocks, for reading. */
    BlockDevice data() {
        return data;
    }

    static BlockSpaceException refusal() {
        return new BlockSpaceException(Code.READ_ONLY, "the pool is open read-only");
    }

    void checkOpen() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "pool is closed");
        }
    }

    @Override
    public PoolStatus status() {
        boolean clean = loaded.superblock.state() == PoolState.CLEAN;
        int snapshots = loaded.catalogue.snapshotCount();
        long capacity = ledger.capacity(Resource.DATA_BLOCKS);
        long used = ledger.used(Resource.DATA_BLOCKS);
        long promised = ledger.promised(Resource.DATA_BLOCKS);
        PoolStatus.State state = closed
                ? PoolStatus.State.CLOSED
                : loaded.damage.isEmpty() ? PoolStatus.State.SERVING : PoolStatus.State.NEEDS_CHECK;
        return new PoolStatus(
                state,
                loaded.superblock.poolUuid(),
                Geometry.toBytes(capacity),
                Geometry.toBytes(used),
                Geometry.toBytes(capacity - used),
                0,
                Geometry.toBytes(promised + ledger.slop(Resource.DATA_BLOCKS)),
                Geometry.toBytes(promised),
                ledger.capacity(Resource.NODE_SLOTS) * NodeFormat.BYTES,
                ledger.used(Resource.NODE_SLOTS) * NodeFormat.BYTES,
                loaded.catalogue.visible().size() - snapshots,
                snapshots,
                loaded.lastSequence,
                loaded.lastSequence,
                loaded.superblock.journalBytes(),
                0,
                clean ? 0 : readMillis,
                clean,
                readErrors.count());
    }

    @Override
    public List<VolumeInfo> list() {
        lock.lock();
        try {
            checkOpen();
            return infos().all(loaded.catalogue.visible());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public VolumeInfo info(String name) {
        Names.checkEither(name);
        lock.lock();
        try {
            checkOpen();
            return infos().of(loaded.catalogue.require(name));
        } finally {
            lock.unlock();
        }
    }

    private VolumeInfos infos() {
        Catalogue catalogue = loaded.catalogue;
        return new VolumeInfos(catalogue::byId, catalogue::clonesOf, catalogue::solelyHeldBlocks);
    }

    @Override
    public BlockSpace open(String name) {
        Names.checkEither(name);
        lock.lock();
        try {
            checkOpen();
            Version version = loaded.catalogue.require(name);
            if (version.head == null) {
                version.head = new Head(version, null);
            }
            version.head.handles++;
            return new ViewSpace(this, version);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<ReservationInfo> reservations() {
        lock.lock();
        try {
            checkOpen();
            return Reservations.guarantees(loaded.catalogue);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public VolumeInfo create(String name, long sizeBytes, Quota quota) {
        throw refusal();
    }

    @Override
    public List<VolumeInfo> snapshot(List<String> names) {
        throw refusal();
    }

    @Override
    public List<VolumeInfo> clone(String source, List<String> targets, Quota quota) {
        throw refusal();
    }

    @Override
    public VolumeInfo rename(String from, String to) {
        throw refusal();
    }

    @Override
    public VolumeInfo resize(String name, long sizeBytes, boolean shrinks) {
        throw refusal();
    }

    @Override
    public VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks) {
        throw refusal();
    }

    @Override
    public VolumeInfo hold(String tag, String snapshot) {
        throw refusal();
    }

    @Override
    public VolumeInfo release(String tag, String snapshot) {
        throw refusal();
    }

    @Override
    public PoolStatus grow(long dataBytes) {
        throw refusal();
    }

    @Override
    public VolumeInfo rollback(String snapshot, String keepAs) {
        throw refusal();
    }

    @Override
    public Changes changedSince(String name, String since, long fromBytes) {
        lock.lock();
        try {
            checkOpen();
            return ChangeList.between(loaded.catalogue, loaded.tree, name, since, fromBytes);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Changes changedSince(Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        lock.lock();
        try {
            checkOpen();
            return ChangeList.between(loaded.catalogue, loaded.tree, comparison, fromBytes, toBytes, maxRanges);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long bytesFreedBy(List<String> names) {
        names.forEach(Names::checkEither);
        lock.lock();
        try {
            checkOpen();
            return Geometry.toBytes(FreedSpace.blocks(
                    loaded.catalogue,
                    loaded.tree,
                    ledger.capacity(Resource.DATA_BLOCKS),
                    names,
                    InspectionLimit.none()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void destroy(List<String> names, boolean force) {
        throw refusal();
    }

    /** Nothing is on its way: what destroyed versions held is given back by the next opening for writing. */
    @Override
    public void awaitReclaim() {}

    /** One: nothing happens to a pool that nobody may change. */
    @Override
    public List<PoolEvent> events(long after) {
        return after > 0
                ? List.of()
                : List.of(new PoolEvent(1, openedMillis, PoolEvent.Kind.OPENED, null, "mode=read-only"));
    }

    /** What the next opening for writing will do. */
    @Override
    public List<JobInfo> jobs() {
        lock.lock();
        try {
            checkOpen();
            loaded.catalogue.reaping.countAll();
            return Jobs.list(loaded.catalogue);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void awaitJob(long id) {
        throw refusal();
    }

    /** Nothing was written. */
    @Override
    public void flush() {
        checkOpen();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        devices.close();
        closeNodes.run();
    }
}
