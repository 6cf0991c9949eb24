package io.blkspc.host;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.DumpSource;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.InspectionLimit;
import io.blkspc.host.core.NodeStoreFactory;
import io.blkspc.host.core.PoolDevices;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.PoolOpening;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.RestoreReport;
import io.blkspc.host.core.Salvage;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.CacheMode;
import io.blkspc.host.device.DirectorySync;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.FileForce;
import io.blkspc.host.device.Preallocation;
import io.blkspc.host.device.Preallocation.Fill;
import io.blkspc.host.extent.ChronicleNodeStore;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sched.SystemScheduler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Entry point: makes pools in directories and opens them.
 *
 * <pre>
 *  DIR/superblock   two copies                          DIR/data         blocks of the volumes, or
 *  DIR/journal      ring of records                     DIR/data.path    where they are instead
 *  DIR/segments     checkpoint objects                  DIR/pool.lock    who holds the pool
 *  DIR/extents.map  Chronicle Map of nodes; may be deleted at any time
 * </pre>
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what was taken is given back, whatever went wrong
public final class BlockSpaceHost {

    private static final Logger log = LoggerFactory.getLogger(BlockSpaceHost.class);

    /** Memory for a check of all metadata, per extent of each version, about. */
    static final int CHECK_BYTES_PER_EXTENT = 128;

    private static final String SUPERBLOCK = "superblock";
    private static final String JOURNAL = "journal";
    private static final String SEGMENTS = "segments";
    private static final String DATA = "data";
    private static final String DATA_PATH = "data.path";
    private static final String MAP = "extents.map";
    /** The superblock first: without it nothing else is a pool. */
    private static final List<String> FILES = List.of(SUPERBLOCK, JOURNAL, SEGMENTS, MAP, DATA_PATH, DATA);

    private BlockSpaceHost() {}

    /**
     * Makes an empty pool; durable at return. On an exception what was made is removed again.
     *
     * @throws BlockSpaceException {@code EXISTS}; {@code OUT_OF_BACKING} when the space cannot be had or promised; {@code
     *     BUSY} when the directory or the data is in use
     * @throws IllegalArgumentException when a size is out of range
     */
    public static void create(Path dir, PoolSpec spec) {
        create(dir, spec, null, PoolOpening::create);
    }

    /**
     * Copies all that can be read of a damaged pool into a new one, which then checks clean. The damaged pool is not written.
     * What versions share stays shared, so everything fits into the new pool, which has the same sizes.
     *
     * @param data file or raw device for the data of the new pool, or {@code null} for {@code DIR/data}
     * @param force use {@code data} although it has content; a device always has
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS} when there is a pool at {@code to}, forced or not, or
     *     {@code data} exists; {@code BUSY}, also when {@code data} is that of the damaged pool; {@code OUT_OF_BACKING} when the space cannot be had; {@code NEEDS_CHECK} when both superblocks, the directory of the segments
     *     or the pool object are damaged, and nothing is left at {@code to}; or when the copy does not check clean, and is left
     */
    @SuppressWarnings("try") // the lock is held, not used
    public static RepairReport repair(
            Path from, Path to, Path data, boolean force, boolean allowUnreserved, Consumer<String> progress) {
        requirePool(from);
        refuseExisting(to);
        try (PoolLock lock = PoolLock.acquire(from, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices damaged = readOnlyDevices(from, CacheMode.WRITEBACK);
            try {
                progress.accept("reading");
                Salvage salvage = new PoolOpening(
                                environment(HostConfig.offline()), damaged, nodeStores(from, 1, false))
                        .salvage();
                PoolGeometry geometry = salvage.geometry();
                RepairReport[] report = new RepairReport[1];
                PoolSpec spec = new PoolSpec(geometry.dataBytes(), data, 0, force, allowUnreserved);
                create(to, spec, geometry, (opening, _) -> report[0] = opening.createFrom(salvage, progress));
                progress.accept("checking");
                CheckReport check = check(to);
                if (!check.isClean()) {
                    throw new BlockSpaceException(
                            Code.NEEDS_CHECK,
                            "repaired pool is not clean: pool=" + to + ", finding="
                                    + check.findings().getFirst());
                }
                return report[0];
            } finally {
                damaged.close();
            }
        }
    }

    /**
     * Writes all that a pool nobody holds contains into a stream: every volume and snapshot with its options, tags and what they
     * share, each block of data once. Writes nothing to the pool, except to the lock file.
     *
     * @param progress takes a few words now and then
     * @return what is in the dump; nothing is ever lost
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code BUSY}; {@code NEEDS_CHECK} when something is damaged: {@link #repair}
     *     it first; {@code IO}
     * @throws java.io.UncheckedIOException when the stream fails
     */
    @SuppressWarnings("try") // the lock is held, not used
    public static RepairReport dump(Path dir, OutputStream to, Consumer<String> progress) {
        requirePool(dir);
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices devices = readOnlyDevices(dir, CacheMode.WRITEBACK);
            try {
                progress.accept("reading");
                return new PoolOpening(environment(HostConfig.offline()), devices, nodeStores(dir, 1, false))
                        .dump(to, progress);
            } finally {
                devices.close();
            }
        }
    }

    /**
     * The same of an open pool, as it is at one moment; clients go on.
     *
     * @param pool opened by {@link #open}
     */
    public static RepairReport dump(Pool pool, OutputStream to, Consumer<String> progress) {
        return running(pool).dump(to, new SecureRandom().nextLong(), progress);
    }

    /**
     * Ends the dumps of an open pool that is about to be closed, which does that too: this is for who waits for them first.
     *
     * @param pool opened by {@link #open}
     */
    public static void endDumps(Pool pool) {
        running(pool).endDumps();
    }

    /**
     * Makes a pool that is equal to the one that was dumped: the same volumes and snapshots with their bytes, identities, options
     * and tags, the same sharing and reservations. Where memory allows it is checked before this returns, which takes more than
     * making it: {@value #CHECK_BYTES_PER_EXTENT} bytes for each extent of each version. On an exception nothing of it is left.
     *
     * @param from the dump, read once from its beginning to its end
     * @param data file or raw device for the data of the new pool, or {@code null} for {@code DIR/data}
     * @param force use {@code data} although it has content, which is lost also when this fails; a device always has
     * @param progress takes a few words now and then
     * @throws BlockSpaceException {@code EXISTS} when there is a pool, forced or not, or {@code data} exists; {@code NEEDS_CHECK} when
     *     the dump is damaged or truncated; {@code TOO_NEW}; {@code OUT_OF_BACKING} when the space cannot be had; {@code BUSY}
     * @throws java.io.UncheckedIOException when the stream fails
     */
    public static RestoreReport restore(
            InputStream from, Path dir, Path data, boolean force, boolean allowUnreserved, Consumer<String> progress) {
        return restore(
                from, dir, data, force, allowUnreserved, Runtime.getRuntime().maxMemory(), progress);
    }

    static RestoreReport restore(
            InputStream from,
            Path dir,
            Path data,
            boolean force,
            boolean allowUnreserved,
            long memoryBytes,
            Consumer<String> progress) {
        refuseExisting(dir);
        progress.accept("reading");
        DumpSource dump = new DumpSource(from);
        RestoreReport[] report = new RestoreReport[1];
        PoolSpec spec = new PoolSpec(dump.geometry().dataBytes(), data, 0, force, allowUnreserved);
        create(dir, spec, dump.geometry(), (opening, _) -> {
            RepairReport made = opening.createFrom(dump, progress);
            boolean isChecked = dump.extentCount() <= memoryBytes / CHECK_BYTES_PER_EXTENT;
            report[0] = new RestoreReport(made, isChecked);
            if (!isChecked) {
                return;
            }
            progress.accept("checking");
            CheckReport check = SpaceCheck.run(opening.inspect(), false);
            if (!check.isClean()) {
                throw new BlockSpaceException(
                        Code.NEEDS_CHECK,
                        "dump contradicts itself: finding=" + check.findings().getFirst());
            }
        });
        return report[0];
    }

    /** As {@link #create}; {@code geometry} is what the pool shall have, or {@code null} for what fits the size. */
    @SuppressWarnings("try") // the lock is held, not used
    private static void create(
            Path dir, PoolSpec spec, PoolGeometry geometry, BiConsumer<PoolOpening, PoolGeometry> make) {
        boolean isNew = !Files.exists(dir);
        Path above = makeDirectory(dir);
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            if (!spec.force()
                    || geometry != null) { // a copy takes the place of data where that is asked for, of a pool never
                refuseExisting(dir);
            }
            remove(dir);
            try {
                createFiles(dir, spec, geometry, make);
                forceNames(dir, above);
            } catch (RuntimeException | Error e) {
                remove(dir);
                throw e;
            }
        } catch (RuntimeException | Error e) {
            if (isNew) {
                removeIfThere(dir.resolve(PoolLock.FILE_NAME));
                removeIfThere(dir);
            }
            throw e;
        }
    }

    /** Files of these names may be a pool, what is left of one, or somebody's own: none is overwritten unasked. */
    private static void refuseExisting(Path dir) {
        for (String name : FILES) {
            if (Files.exists(dir.resolve(name))) {
                String what = name.equals(SUPERBLOCK) ? "pool exists" : "directory holds a file of that name";
                throw new BlockSpaceException(Code.EXISTS, what + ": pool=" + dir + ", file=" + name);
            }
        }
    }

    private static void createFiles(
            Path dir, PoolSpec spec, PoolGeometry wanted, BiConsumer<PoolOpening, PoolGeometry> make) {
        Path data = spec.data() == null ? dir.resolve(DATA) : spec.data().toAbsolutePath();
        boolean existing = spec.data() != null && Files.exists(data);
        long dataBytes = existing ? existingDataBytes(data, spec) : spec.sizeBytes();
        PoolGeometry geometry = wanted == null ? PoolGeometry.of(dataBytes, spec.metadataBytes()) : wanted;
        boolean loose = spec.allowUnreserved();
        // Small files first: a missing right or a full file system shows before the data is allocated.
        Preallocation.create(dir.resolve(JOURNAL), geometry.journalBytes(), Fill.ZEROED, loose);
        Preallocation.create(dir.resolve(SEGMENTS), geometry.segmentAreaBytes(), Fill.ALLOCATED, loose);
        if (existing) {
            fillFiles(dir, spec, geometry, make);
            return;
        }
        Preallocation.create(data, dataBytes, Fill.ALLOCATED, loose);
        try {
            fillFiles(dir, spec, geometry, make);
        } catch (RuntimeException | Error e) {
            removeIfThere(data); // may lie outside the pool
            throw e;
        }
    }

    private static void fillFiles(
            Path dir, PoolSpec spec, PoolGeometry geometry, BiConsumer<PoolOpening, PoolGeometry> make) {
        if (spec.data() != null) {
            write(dir.resolve(DATA_PATH), spec.data().toAbsolutePath().toString());
        }
        Preallocation.create(
                dir.resolve(SUPERBLOCK), SuperblockStore.DEVICE_BYTES, Fill.ZEROED, spec.allowUnreserved());
        PoolDevices devices = devices(dir, CacheMode.WRITEBACK);
        try {
            make.accept(
                    new PoolOpening(
                            environment(HostConfig.offline()), devices, nodeStores(dir, geometry.maxNodes(), false)),
                    geometry);
        } finally {
            devices.close();
        }
        DirectorySync.force(dir);
    }

    private static long existingDataBytes(Path data, PoolSpec spec) {
        Preallocation.Backing backing = Preallocation.verify(data, spec.allowUnreserved());
        if (!spec.force()) {
            throw new BlockSpaceException(Code.EXISTS, "data exists and would be overwritten: data=" + data);
        }
        long available = backing.sizeBytes() & -Geometry.BLOCK_BYTES;
        if (spec.sizeBytes() > available) {
            throw new BlockSpaceException(
                    Code.OUT_OF_BACKING, "data is too small: data=" + data + ", size=" + available);
        }
        return spec.sizeBytes() == 0 ? available : spec.sizeBytes();
    }

    /**
     * Opens a pool, recovering first where the last stop was not clean. A thread of its own then does the background work
     * until the pool is closed.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when there is no pool; {@code BUSY} when it is held; {@code NEEDS_CHECK}
     *     when it is damaged; {@code TOO_NEW}, {@code TOO_OLD}; {@code IO}
     */
    public static Pool open(Path dir, HostConfig config) {
        requirePool(dir);
        PoolLock lock = PoolLock.acquire(dir, config.mode(), config.socketPath());
        try {
            return openLocked(dir, config, lock);
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Opens a pool for reading only: not one byte of its files is written, except in the lock file; after an unclean stop the
     * journal is replayed in memory. Works for a pool that {@link #open} refuses because records are damaged or missing, which
     * is then what the records before the damage come to, and for one with features this version can only read. Every change
     * is refused with {@code READ_ONLY}.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when there is no pool; {@code BUSY} when it is held; {@code NEEDS_CHECK}
     *     when superblock, checkpoint or catalogue are damaged; {@code TOO_NEW}, {@code TOO_OLD}; {@code IO}
     */
    public static Pool openReadOnly(Path dir, HostConfig config) {
        requirePool(dir);
        PoolLock lock = PoolLock.acquire(dir, config.mode(), config.socketPath());
        try {
            PoolDevices devices = readOnlyDevices(dir, config.dataCache());
            try {
                config.progress().accept("opening for reading only");
                PoolOpening opening = new PoolOpening(environment(config), devices, nodeStores(dir, 1, false));
                RunningPool.Checking checking =
                        (_, bytes) -> SpaceCheck.ofMetadata(opening.inspect(new InspectionLimit(bytes, () -> {})));
                return new RunningPool(opening.view(), checking, lock).start();
            } catch (RuntimeException | Error e) {
                devices.close();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static Pool openLocked(Path dir, HostConfig config, PoolLock lock) {
        PoolDevices devices = devices(dir, config.dataCache());
        try {
            config.progress().accept("opening");
            long nodes;
            try (SuperblockStore reading = new SuperblockStore(devices.superblock())) {
                nodes = reading.read().superblock().maxNodes();
            }
            HostPool pool = new PoolOpening(environment(config), devices, nodeStores(dir, nodes, true)).open();
            return new RunningPool(pool, lock).start();
        } catch (RuntimeException | Error e) {
            devices.close();
            throw e;
        }
    }

    /**
     * Checks the metadata of a pool that nobody holds. Writes nothing, except to the lock file; after an unclean stop the
     * journal is replayed in memory. Damage is a finding, also where superblock, journal or checkpoint cannot even be loaded.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code BUSY}; {@code TOO_NEW}, {@code TOO_OLD}; {@code IO}
     */
    public static CheckReport check(Path dir) {
        return check(dir, false);
    }

    /** As {@link #check(Path)}; a deep check also reads every data block that something holds. */
    @SuppressWarnings("try") // the lock is held, not used
    public static CheckReport check(Path dir, boolean isDeep) {
        requirePool(dir);
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices devices = readOnlyDevices(dir, CacheMode.WRITEBACK);
            try {
                return SpaceCheck.run(
                        new PoolOpening(environment(HostConfig.offline()), devices, nodeStores(dir, 1, false)),
                        InspectionLimit.ofThisProcess(),
                        isDeep);
            } finally {
                devices.close();
            }
        }
    }

    /**
     * Checks the metadata of an open pool from one consistent point; clients go on.
     *
     * @param pool opened by {@link #open}
     * @param isDeep also read every data block that something holds
     */
    public static CheckReport check(Pool pool, boolean isDeep) {
        return running(pool).check(isDeep);
    }

    /**
     * Tells other processes that this one now answers on a control socket.
     *
     * @param pool opened by {@link #open}
     */
    public static void announceServing(Pool pool, String socketPath) {
        running(pool).serving(socketPath);
    }

    private static RunningPool running(Pool pool) {
        if (pool instanceof RunningPool running) {
            return running;
        }
        throw new IllegalArgumentException("pool was not opened here");
    }

    private static PoolOpening.Environment environment(HostConfig config) {
        SecureRandom random = new SecureRandom();
        return new PoolOpening.Environment(
                new SystemScheduler(),
                UUID::randomUUID,
                random::nextLong,
                System::currentTimeMillis,
                config.cacheBytes(),
                config.mode() == PoolLock.Mode.OFFLINE);
    }

    /**
     * The map file of a pool.
     *
     * @param mayLieInMemory where a file system has no room to make the file again, keep the nodes in memory until the next
     *     start: they are an index only, and a full file system must not keep a pool from opening (D6, D9)
     */
    private static NodeStoreFactory nodeStores(Path dir, long maxNodes, boolean mayLieInMemory) {
        Path map = dir.resolve(MAP);
        return new NodeStoreFactory() {
            private long capacity = maxNodes;
            private Path beside;
            private long largerCapacity;

            @Override
            public NodeStore createLarger(long nodes) {
                // A name of its own: the library keeps open files by name.
                beside = dir.resolve(MAP + "." + nodes);
                largerCapacity = nodes;
                return ChronicleNodeStore.deleteAndCreate(beside, nodes, FileForce::force);
            }

            @Override
            public NodeStore displace(NodeStore larger) {
                NodeStore named = ((ChronicleNodeStore) larger).renamedTo(map);
                capacity = largerCapacity;
                DirectorySync.force(dir); // or a power cut could bring the outgrown file back after a clean stop
                return named;
            }

            @Override
            public void discard(NodeStore larger) {
                larger.close();
                removeIfThere(beside);
            }

            @Override
            public NodeStore openExisting() {
                return ChronicleNodeStore.open(map, capacity, FileForce::force);
            }

            @Override
            public NodeStore createEmpty() {
                removeHalfMade(dir);
                try {
                    return ChronicleNodeStore.deleteAndCreate(map, capacity, FileForce::force);
                } catch (BlockSpaceException e) {
                    boolean fits = capacity <= Runtime.getRuntime().maxMemory() / 2 / NodeFormat.BYTES;
                    if (!mayLieInMemory || !fits || e.code() == Code.LIMIT) {
                        throw e;
                    }
                    log.warn("node map is kept in memory until the next start: {}", e.getMessage());
                    return new HeapNodeStore(capacity);
                }
            }
        };
    }

    /** What a process left that ended while it made a larger map. */
    private static void removeHalfMade(Path dir) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(dir, MAP + ".*")) {
            found.forEach(BlockSpaceHost::removeIfThere);
        } catch (IOException e) {
            log.warn("half made files stay: pool={}, cause={}", dir, e.toString());
        }
    }

    private static PoolDevices devices(
            Path dir, Function<Path, BackingDevice> metadata, Function<Path, BackingDevice> data) {
        List<BackingDevice> opened = new ArrayList<>();
        try {
            for (String name : List.of(SUPERBLOCK, JOURNAL, SEGMENTS)) {
                opened.add(metadata.apply(dir.resolve(name)));
            }
            return new PoolDevices(opened.get(0), opened.get(1), opened.get(2), data.apply(dataPath(dir)));
        } catch (RuntimeException | Error e) {
            opened.forEach(BackingDevice::close);
            throw e;
        }
    }

    private static void requirePool(Path dir) {
        if (!Files.exists(dir.resolve(SUPERBLOCK))) {
            throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: pool=" + dir);
        }
    }

    private static PoolDevices devices(Path dir, CacheMode dataCache) {
        return devices(dir, FileBlockDevice::open, path -> FileBlockDevice.openExclusive(path, dataCache));
    }

    private static PoolDevices readOnlyDevices(Path dir, CacheMode dataCache) {
        return devices(dir, FileBlockDevice::openReadOnly, path -> FileBlockDevice.openShared(path, dataCache));
    }

    private static Path dataPath(Path dir) {
        Path elsewhere = dir.resolve(DATA_PATH);
        try {
            return Files.exists(elsewhere) ? Path.of(Files.readString(elsewhere).strip()) : dir.resolve(DATA);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot read where the data is: file=" + elsewhere, e);
        }
    }

    /** The pool's name, and those of the directories that were made for it, survive a power loss as the pool does (D5). */
    private static void forceNames(Path dir, Path above) {
        Path named = dir.toAbsolutePath().normalize();
        do {
            named = named.getParent();
            if (named != null) {
                DirectorySync.force(named);
            }
        } while (named != null && !named.equals(above));
    }

    /** Makes a directory and what is missing above it; returns the lowest directory above it that was there before. */
    private static Path makeDirectory(Path dir) {
        Path above = dir.toAbsolutePath().normalize().getParent();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        for (Path there : new Path[] {dir, above}) {
            if (there != null && Files.exists(there) && !Files.isDirectory(there)) {
                throw new BlockSpaceException(Code.EXISTS, "is no directory: path=" + there);
            }
        }
        try {
            Files.createDirectories(dir);
            return above;
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot make the pool directory: pool=" + dir + ", cause=" + e, e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.write(file, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot write: file=" + file, e);
        }
        FileForce.force(file);
    }

    private static void remove(Path dir) {
        for (String name : FILES) {
            removeIfThere(dir.resolve(name));
        }
    }

    private static void removeIfThere(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot remove: file=" + file + ", cause=" + e, e);
        }
    }
}
