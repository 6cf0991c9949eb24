package io.blkspc.host;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.DumpSource;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.InspectionLimit;
import io.blkspc.host.core.PoolDevices;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.PoolOpening;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.RestoreReport;
import io.blkspc.host.core.Salvage;
import io.blkspc.host.device.CacheMode;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sched.SystemScheduler;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

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

    /** Memory for a check of all metadata, per extent of each version, about. */
    static final int CHECK_BYTES_PER_EXTENT = 128;

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
        new PoolFiles(from).require();
        new PoolFiles(to).refuseExisting();
        try (PoolLock lock = PoolLock.acquire(from, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices damaged = new PoolFiles(from).readOnlyDevices(CacheMode.WRITEBACK);
            try {
                progress.accept("reading");
                Salvage salvage = new PoolOpening(
                                environment(HostConfig.offline()), damaged, new PoolFiles(from).nodeStores(1, false))
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
        new PoolFiles(dir).require();
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices devices = new PoolFiles(dir).readOnlyDevices(CacheMode.WRITEBACK);
            try {
                progress.accept("reading");
                return new PoolOpening(
                                environment(HostConfig.offline()), devices, new PoolFiles(dir).nodeStores(1, false))
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
        new PoolFiles(dir).refuseExisting();
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
        PoolFiles files = new PoolFiles(dir);
        Path above = files.makeDirectory();
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            if (!spec.force()
                    || geometry != null) { // a copy takes the place of data where that is asked for, of a pool never
                files.refuseExisting();
            }
            files.remove();
            try {
                files.make(spec, geometry, made -> fill(files, made, make));
                files.forceNames(above);
            } catch (RuntimeException | Error e) {
                files.remove();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            if (isNew) {
                PoolFiles.removeIfThere(dir.resolve(PoolLock.FILE_NAME));
                PoolFiles.removeIfThere(dir);
            }
            throw e;
        }
    }

    private static void fill(PoolFiles files, PoolGeometry geometry, BiConsumer<PoolOpening, PoolGeometry> make) {
        PoolDevices devices = files.devices(CacheMode.WRITEBACK);
        try {
            make.accept(
                    new PoolOpening(
                            environment(HostConfig.offline()), devices, files.nodeStores(geometry.maxNodes(), false)),
                    geometry);
        } finally {
            devices.close();
        }
    }

    /**
     * Opens a pool, recovering first where the last stop was not clean. A thread of its own then does the background work
     * until the pool is closed.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when there is no pool; {@code BUSY} when it is held; {@code NEEDS_CHECK}
     *     when it is damaged; {@code TOO_NEW}, {@code TOO_OLD}; {@code IO}
     */
    public static Pool open(Path dir, HostConfig config) {
        new PoolFiles(dir).require();
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
        new PoolFiles(dir).require();
        PoolLock lock = PoolLock.acquire(dir, config.mode(), config.socketPath());
        try {
            PoolDevices devices = new PoolFiles(dir).readOnlyDevices(config.dataCache());
            try {
                config.progress().accept("opening for reading only");
                PoolOpening opening =
                        new PoolOpening(environment(config), devices, new PoolFiles(dir).nodeStores(1, false));
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
        PoolDevices devices = new PoolFiles(dir).devices(config.dataCache());
        try {
            config.progress().accept("opening");
            long nodes;
            try (SuperblockStore reading = new SuperblockStore(devices.superblock())) {
                nodes = reading.read().superblock().maxNodes();
            }
            HostPool pool =
                    new PoolOpening(environment(config), devices, new PoolFiles(dir).nodeStores(nodes, true)).open();
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
        new PoolFiles(dir).require();
        try (PoolLock lock = PoolLock.acquire(dir, PoolLock.Mode.OFFLINE, "")) {
            PoolDevices devices = new PoolFiles(dir).readOnlyDevices(CacheMode.WRITEBACK);
            try {
                return SpaceCheck.run(
                        new PoolOpening(
                                environment(HostConfig.offline()), devices, new PoolFiles(dir).nodeStores(1, false)),
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
}
