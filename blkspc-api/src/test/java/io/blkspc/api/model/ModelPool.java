package io.blkspc.api.model;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.model.ModelVersion.Pointer;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * A pool in memory. A block is held as often as a visible version maps it or a stage has it, and is free when nobody holds
 * it: no clever accounting. One monitor guards everything but the data IO. Any thread may call anything.
 */
public final class ModelPool extends ModelBackground {

    final Object monitor = new Object();
    final ModelOptions options;
    final ModelFaults faults;
    final ModelDevice device;
    final ModelBlocks blocks;
    final Set<ModelCookie> cookies = new HashSet<>();

    private final UUID uuid;
    private final TreeMap<String, ModelVersion> versions;
    private long epoch;
    private long nextCookieId = 1;
    private PoolStatus.State state = PoolStatus.State.SERVING;

    private ModelPool(long dataBytes, ModelOptions options) {
        this.options = options;
        this.faults = new ModelFaults();
        this.device = new ModelDevice(dataBytes, faults);
        this.blocks = new ModelBlocks(dataBytes / Geometry.BLOCK_BYTES, device);
        this.uuid = UUID.randomUUID();
        this.versions = new TreeMap<>();
        tell(PoolEvent.Kind.OPENED, null);
    }

    /** The same pool, opened again. */
    private ModelPool(ModelPool before) {
        this.options = before.options;
        this.faults = before.faults;
        this.device = before.device;
        this.blocks = new ModelBlocks(before.blocks.capacity, device);
        this.uuid = before.uuid;
        this.versions = before.versions;
        this.epoch = before.epoch;
        tell(PoolEvent.Kind.OPENED, null);
        device.reopen();
        versions.values().forEach(version -> {
            version.forgetClients();
            version.map.values().forEach(pointer -> blocks.restore(pointer.physical()));
        });
    }

    /** A new pool with {@link ModelOptions#defaults}; {@code dataBytes} is a multiple of 4096, below 8 TiB. */
    public static ModelPool create(long dataBytes) {
        return create(dataBytes, ModelOptions.defaults());
    }

    /** A new pool; {@code dataBytes} is a multiple of 4096, below 8 TiB. */
    public static ModelPool create(long dataBytes, ModelOptions options) {
        if (dataBytes <= 0
                || !Geometry.isBlockAligned(dataBytes)
                || dataBytes / Geometry.BLOCK_BYTES > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("not a pool size: bytes=" + dataBytes);
        }
        return new ModelPool(dataBytes, options);
    }

    /** Where to ask for rare answers. */
    public ModelFaults faults() {
        return faults;
    }

    @Override
    public PoolStatus status() {
        synchronized (monitor) {
            return ModelInfo.of(state, uuid, versions.values(), blocks, standing());
        }
    }

    @Override
    public List<VolumeInfo> list() {
        synchronized (monitor) {
            checkOpen();
            return versions.values().stream().map(this::describe).toList();
        }
    }

    @Override
    public VolumeInfo info(String name) {
        synchronized (monitor) {
            checkOpen();
            return describe(find(name));
        }
    }

    private VolumeInfo describe(ModelVersion version) {
        return ModelInfo.of(version, versions.values(), cookies, blocks, standing(version));
    }

    @Override
    public VolumeInfo create(String name, long sizeBytes, Quota quota) {
        ModelNames.checkVolume(name);
        Geometry.checkVolumeSize(sizeBytes);
        Quota own = new Quota(quota.guaranteeOf(sizeBytes), quota.limitBytes());
        synchronized (monitor) {
            checkUsable();
            checkAbsent(name);
            checkCovered(List.of(), own.guaranteeBytes());
            ModelVersion made = new ModelVersion(name, sizeBytes, new TreeMap<>());
            made.quota = own;
            versions.put(name, made);
            VolumeInfo info = recorded(List.of(name)).getFirst();
            tell(PoolEvent.Kind.CREATED, name);
            return info;
        }
    }

    @Override
    public List<VolumeInfo> snapshot(List<String> names) {
        ModelNames.checkSome(names);
        names.forEach(ModelNames::checkSnapshot);
        synchronized (monitor) {
            checkUsable();
            Map<String, ModelVersion> heads = new LinkedHashMap<>();
            for (String name : names) {
                checkAbsent(name);
                ModelVersion head = find(ModelNames.volumeOf(name));
                if (heads.containsValue(head)) {
                    throw new IllegalArgumentException("volume is named twice: name=" + name);
                }
                heads.put(name, head);
            }
            quiesce(heads.values());
            heads.keySet().forEach(this::checkAbsent); // the monitor was left
            checkCovered(heads.values(), 0);
            heads.forEach((name, head) -> versions.put(name, freeze(head, name)));
            return recorded(names);
        }
    }

    @Override
    public List<VolumeInfo> clone(String source, List<String> targets, Quota quota) {
        ModelNames.checkAny(source);
        ModelNames.checkSome(targets);
        targets.forEach(ModelNames::checkVolume);
        synchronized (monitor) {
            checkUsable();
            ModelVersion from = find(source);
            targets.forEach(this::checkAbsent);
            Quota own = new Quota(quota.guaranteeOf(from.sizeBytes), quota.limitBytes());
            ModelVersion frozen = from;
            checkCovered(List.of(from), own.guaranteeBytes() * targets.size());
            if (from.isLive()) {
                quiesce(List.of(from));
                targets.forEach(this::checkAbsent);
                checkCovered(List.of(from), own.guaranteeBytes() * targets.size());
                frozen = freeze(from, null);
            }
            for (String target : targets) {
                ModelVersion made = new ModelVersion(target, from.sizeBytes, from.map);
                made.map.values().forEach(pointer -> blocks.hold(pointer.physical()));
                made.descendFrom(frozen);
                made.origin = from;
                made.quota = own;
                versions.put(target, made);
            }
            return recorded(targets);
        }
    }

    /** Data blocks of standing guarantees that nobody has drawn. */
    long standing() {
        return versions.values().stream().mapToLong(this::standing).sum();
    }

    private long standing(ModelVersion version) {
        return version.isGuaranteed() ? version.standing(version.ownedBlocks(), outstanding(version)) : 0;
    }

    /** Blocks promised to a head's cookies, and what they staged anew. */
    long outstanding(ModelVersion head) {
        return ModelCookie.sum(cookies, head, ModelCookie::outstanding);
    }

    long available() {
        return blocks.available() - standing();
    }

    /** A head that is frozen owns nothing any more, so all of its guarantee must be covered again. */
    private void checkCovered(Collection<ModelVersion> frozen, long newGuaranteeBytes) {
        long more = newGuaranteeBytes / Geometry.BLOCK_BYTES;
        for (ModelVersion head : frozen) {
            if (head.isGuaranteed()) {
                more += head.standing(0, ModelCookie.sum(cookies, head, ModelCookie::outstandingOnceFrozen))
                        - standing(head);
            }
        }
        if (more > 0 && more > available()) {
            throw BlockSpaceException.outOfSpace(
                    "reason=guarantee, resource=data-blocks, asked=" + more + ", available=" + available());
        }
    }

    /** Puts a frozen version above the head; without a name it holds nothing and only marks the epoch. */
    private ModelVersion freeze(ModelVersion head, String name) {
        ModelVersion frozen = new ModelVersion(name, head.sizeBytes, name == null ? new TreeMap<>() : head.map);
        frozen.map.values().forEach(pointer -> blocks.hold(pointer.physical()));
        frozen.descendFrom(head.parent);
        head.descendFrom(frozen);
        frozen.epoch = epoch++;
        head.generation++;
        return frozen;
    }

    /** Ends all in-place writes of these heads and keeps them ended by not leaving the monitor; then a persist point. */
    private void quiesce(Iterable<ModelVersion> heads) {
        heads.forEach(head -> head.gates++);
        try {
            for (ModelVersion head : heads) {
                await(
                        "volume is being written: name=" + head.name,
                        () -> (head.writeLeases == 0 && !head.hasStageInPlace()) || !head.isVisible());
            }
            for (ModelVersion head : heads) {
                // Behind a raised gate the count cannot rise again, but the volume may have gone.
                if (!head.isVisible()) {
                    throw new BlockSpaceException(Code.NOT_FOUND, "volume was destroyed meanwhile");
                }
            }
            checkUsable();
            persist();
        } finally {
            heads.forEach(head -> head.gates--);
            monitor.notifyAll();
        }
    }

    @Override
    public Changes changedSince(String name, String since, long fromBytes) {
        synchronized (monitor) {
            checkOpen();
            return ModelChanges.between(this::find, name, since, fromBytes);
        }
    }

    @Override
    public Changes changedSince(Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        return ModelChanges.part(this, comparison, fromBytes, toBytes, maxRanges);
    }

    @Override
    public long bytesFreedBy(List<String> names) {
        names.forEach(ModelNames::checkAny);
        synchronized (monitor) {
            checkOpen();
            names.forEach(this::find);
            return Geometry.toBytes(ModelVersion.blocksOnlyIn(names, versions));
        }
    }

    @Override
    public VolumeInfo rename(String from, String to) {
        ModelNames.checkRename(from, to);
        synchronized (monitor) {
            checkUsable();
            find(from);
            Map<String, String> names = ModelNames.renamed(versions.keySet(), from, to);
            names.values().forEach(this::checkAbsent);
            names.forEach((old, name) -> {
                ModelVersion version = versions.remove(old);
                version.name = name;
                versions.put(name, version);
            });
            return recorded(List.of(to)).getFirst();
        }
    }

    @Override
    public VolumeInfo rollback(String snapshot, String keepAs) {
        ModelNames.checkSnapshot(snapshot);
        if (keepAs != null) {
            ModelNames.checkVolume(keepAs);
        }
        synchronized (monitor) {
            checkUsable();
            ModelVersion to = find(snapshot);
            ModelVersion head = find(ModelNames.volumeOf(snapshot));
            if (keepAs != null) {
                checkAbsent(keepAs);
            }
            checkUnused(head);
            checkCovered(List.of(head), head.guaranteeFor(to.sizeBytes) - head.quota.guaranteeBytes());
            ModelVersion left = new ModelVersion(keepAs, head.sizeBytes, head.map);
            left.descendFrom(head.parent);
            left.origin = head.origin;
            if (keepAs == null) {
                left.map.values().forEach(pointer -> blocks.release(pointer.physical()));
                left.map.clear();
            } else {
                versions.put(keepAs, left);
            }
            head.map.clear();
            head.map.putAll(to.map);
            head.map.values().forEach(pointer -> blocks.hold(pointer.physical()));
            head.descendFrom(to);
            head.resizeTo(to.sizeBytes);
            left.prune();
            return recorded(List.of(head.name)).getFirst();
        }
    }

    @Override
    public VolumeInfo resize(String name, long sizeBytes, boolean shrinks) {
        ModelNames.checkVolume(name);
        Geometry.checkVolumeSize(sizeBytes);
        synchronized (monitor) {
            checkUsable();
            ModelVersion head = find(name);
            if (sizeBytes < head.sizeBytes) {
                if (!shrinks) {
                    throw new IllegalArgumentException("would become smaller: name=" + name);
                }
                checkUnused(head);
            }
            checkCovered(List.of(), head.guaranteeFor(sizeBytes) - head.quota.guaranteeBytes());
            head.resizeTo(sizeBytes);
            SortedMap<Long, Pointer> beyond = head.map.tailMap(Geometry.toBlocks(sizeBytes));
            beyond.values().forEach(pointer -> blocks.release(pointer.physical()));
            beyond.clear();
            return recorded(List.of(name)).getFirst();
        }
    }

    @Override
    public VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks) {
        ModelNames.checkVolume(name);
        synchronized (monitor) {
            return resize(name, Geometry.add(find(name).sizeBytes, differenceBytes), shrinks);
        }
    }

    @Override
    public VolumeInfo hold(String tag, String snapshot) {
        return changeHold(tag, snapshot, true);
    }

    @Override
    public VolumeInfo release(String tag, String snapshot) {
        return changeHold(tag, snapshot, false);
    }

    private VolumeInfo changeHold(String tag, String snapshot, boolean held) {
        ModelNames.checkVolume(tag);
        ModelNames.checkSnapshot(snapshot);
        synchronized (monitor) {
            checkUsable();
            find(snapshot).hold(tag, held);
            return recorded(List.of(snapshot)).getFirst();
        }
    }

    private void checkUnused(ModelVersion head) {
        if (head.attachments > 0 || cookies.stream().anyMatch(cookie -> cookie.head == head)) {
            throw new BlockSpaceException(Code.BUSY, "volume is open: name=" + head.name);
        }
    }

    @Override
    public void destroy(List<String> names, boolean force) {
        ModelNames.checkSome(names);
        names.forEach(ModelNames::checkAny);
        synchronized (monitor) {
            checkUsable();
            for (String name : names) {
                ModelVersion version = find(name);
                if ((version.attachments > 0 && !force) || !version.holds.isEmpty()) {
                    throw new BlockSpaceException(Code.BUSY, "version is open or held: name=" + name);
                }
            }
            blocks.sequence++;
            for (String name : names) {
                ModelVersion gone = versions.remove(name);
                gone.name = null;
                gone.map.values().forEach(pointer -> blocks.release(pointer.physical()));
                gone.map.clear();
                gone.prune();
            }
            persist();
            tell(PoolEvent.Kind.DESTROYED, names.getFirst());
            monitor.notifyAll();
        }
    }

    @Override
    public BlockSpace open(String name) {
        synchronized (monitor) {
            checkOpen();
            return new ModelSpace(this, find(name));
        }
    }

    @Override
    public List<ReservationInfo> reservations() {
        synchronized (monitor) {
            checkOpen();
            return ModelReservations.of(versions.values(), cookies, this::standing);
        }
    }

    @Override
    public PoolStatus grow(long dataBytes) {
        synchronized (monitor) {
            checkUsable();
            if (dataBytes < Geometry.toBytes(blocks.capacity) || !Geometry.isBlockAligned(dataBytes)) {
                throw new IllegalArgumentException("not a larger size: bytes=" + dataBytes);
            }
            device.grow(dataBytes);
            blocks.capacity = Geometry.toBlocks(dataBytes);
            return status();
        }
    }

    @Override
    public void flush() {
        synchronized (monitor) {
            checkOpen();
            persist();
        }
    }

    @Override
    public void close() {
        synchronized (monitor) {
            if (state == PoolStatus.State.CLOSED) {
                return;
            }
            try {
                persist();
            } finally {
                state = PoolStatus.State.CLOSED;
                device.close();
                monitor.notifyAll();
            }
        }
    }

    /**
     * As if the process had been killed and the pool opened again: what was published stays; stages, cookies, handles and
     * leases are gone. This object is closed afterwards.
     */
    public ModelPool restart() {
        synchronized (monitor) {
            state = PoolStatus.State.CLOSED;
            monitor.notifyAll();
            return new ModelPool(this);
        }
    }

    /** Executes the invariants by brute force; for tests, after any operation. */
    public void assertConsistent() {
        synchronized (monitor) {
            blocks.assertHolders(versions.values(), cookies);
            long promised = cookies.stream().mapToLong(ModelCookie::promised).sum();
            if (promised != blocks.promised() || available() < 0) {
                throw new AssertionError(
                        "promised=" + blocks.promised() + ", cookies hold=" + promised + ", available=" + available());
            }
        }
    }

    ModelCookie reserve(ModelVersion head, int allocCount, int blockSizeBytes) {
        long wanted = (long) allocCount * Math.max(1, blockSizeBytes / Geometry.BLOCK_BYTES);
        long held = head.isGuaranteed() || head.quota.limitBytes() > 0 ? outstanding(head) : 0;
        long owned = head.ownedBlocks();
        long limit = head.quota.limitBytes() / Geometry.BLOCK_BYTES;
        if (limit > 0 && wanted > 0 && !head.isWhole() && owned + held + wanted > limit) {
            throw BlockSpaceException.outOfSpace("reason=limit, asked=" + wanted + ", limit=" + limit);
        }
        long drawn = head.standing(owned, held) - head.standing(owned, held + wanted);
        boolean fits = head.isWhole() || wanted - drawn <= available();
        if (!fits || faults.refusesReserve()) {
            throw BlockSpaceException.outOfSpace(
                    "resource=data-blocks, asked=" + wanted + ", available=" + available());
        }
        ModelCookie cookie = new ModelCookie(this, head, nextCookieId++, allocCount, blockSizeBytes);
        cookies.add(cookie);
        return cookie;
    }

    /** A head shares what it does not own; a frozen version what another one maps. */
    boolean isShared(ModelVersion version, Pointer pointer) {
        return version.isLive() ? !version.owns(pointer) : blocks.versionsHolding(pointer.physical()) > 1;
    }

    long epoch() {
        return epoch;
    }

    /** {@code true} when blocks are free but all of them rest because of leases. */
    boolean isHeldUp() {
        if (!blocks.hasFree()) {
            persist();
        }
        return !blocks.hasFree() && blocks.held() < blocks.capacity;
    }

    /** A free block; {@code -1} when what is free still rests because of leases. */
    long takeFresh() {
        if (!blocks.hasFree()) {
            persist();
        }
        return blocks.takeAny();
    }

    void persist() {
        checkNotFailed();
        long mark = blocks.sequence;
        try {
            device.force(IoRole.DATA);
        } catch (BlockSpaceException e) {
            state = PoolStatus.State.FAILED;
            throw e;
        }
        blocks.durableUpTo(mark);
    }

    void await(String what, BooleanSupplier until) {
        await(what, options.patienceNanos(), until);
    }

    /** Leaves the monitor until the condition holds; what the caller knew before may have changed. */
    void await(String what, long timeoutNanos, BooleanSupplier until) {
        ModelMonitor.await(monitor, what, timeoutNanos, until);
    }

    boolean isOpen() {
        return state != PoolStatus.State.CLOSED;
    }

    void checkNotFailed() {
        if (state == PoolStatus.State.FAILED) {
            throw new BlockSpaceException(Code.FAILED, "an earlier force failed; reopen the pool");
        }
    }

    @Override
    void checkOpen() {
        if (!isOpen()) {
            throw new BlockSpaceException(Code.CLOSED, "pool is closed");
        }
    }

    private void checkUsable() {
        checkOpen();
        checkNotFailed();
    }

    private void checkAbsent(String name) {
        if (versions.containsKey(name)) {
            throw new BlockSpaceException(Code.EXISTS, "name is taken: name=" + name);
        }
    }

    private ModelVersion find(String name) {
        ModelNames.checkAny(name);
        ModelVersion version = versions.get(name);
        if (version == null) {
            throw new BlockSpaceException(Code.NOT_FOUND, "no such volume or snapshot: name=" + name);
        }
        return version;
    }

    /** Makes a change of the catalogue durable. */
    private List<VolumeInfo> recorded(List<String> names) {
        blocks.sequence++;
        persist();
        return names.stream().map(this::find).map(this::describe).toList();
    }
}
