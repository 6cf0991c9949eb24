package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sim.SimDisk;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** A real pool on a simulated disk: the engine that production runs, with everything else coming from a seed. */
public final class SimPool {

    private final SimDisk disk;
    private final Scheduler scheduler;
    private final SplittableRandom random;
    private long cacheBytes = 1 << 20;
    private UnaryOperator<NodeStore> nodes = UnaryOperator.identity();

    private SimPool(SimDisk disk, Scheduler scheduler, long seed) {
        this.disk = disk;
        this.scheduler = scheduler;
        this.random = new SplittableRandom(seed);
    }

    /** A small geometry: {@code dataBytes} of data, {@code nodes} node slots, a journal that wraps soon. */
    public static PoolGeometry geometry(long dataBytes, long nodes, long journalBytes) {
        return new PoolGeometry(dataBytes, nodes, journalBytes, 16 << 10);
    }

    /** Creates the devices and the pool on an empty disk. */
    public static SimPool create(SimDisk disk, Scheduler scheduler, PoolGeometry geometry, long seed) {
        disk.create("superblock", 8192);
        disk.create("journal", geometry.journalBytes());
        disk.create("segments", geometry.segmentAreaBytes());
        disk.create("data", geometry.dataBytes());
        SimPool pool = new SimPool(disk, scheduler, seed);
        pool.opening().create(geometry);
        return pool;
    }

    /** The same pool on another image of the disk, after a cut or a kill. */
    public static SimPool on(SimDisk disk, Scheduler scheduler, long seed) {
        return new SimPool(disk, scheduler, seed);
    }

    /** Memory for clean nodes; small, so that changes read the node store in their midst. */
    public SimPool cacheBytes(long bytes) {
        cacheBytes = bytes;
        return this;
    }

    /** What stands before the node store. */
    public SimPool nodes(UnaryOperator<NodeStore> wrapper) {
        nodes = wrapper;
        return this;
    }

    /** Opens it, recovering where needed. The node map is always made again: that is the harder case. */
    public HostPool open() {
        return opening().open();
    }

    /** Opens it for reading only. */
    public PoolView view() {
        return opening().view();
    }

    /** The metadata as recovery would find it, without changing the disk. */
    public Inspection inspect() {
        return opening().inspect();
    }

    /** As the product checks a pool that is not open. */
    public CheckReport check(boolean isDeep) {
        return SpaceCheck.run(opening(), InspectionLimit.none(), isDeep);
    }

    /** Copies what can be read of it to the devices of an empty disk. */
    public RepairReport repairTo(SimDisk target) {
        Salvage salvage = opening().salvage();
        PoolGeometry geometry = salvage.geometry();
        target.create("superblock", 8192);
        target.create("journal", geometry.journalBytes());
        target.create("segments", disk.device("segments").sizeBytes());
        target.create("data", geometry.dataBytes());
        return new SimPool(target, scheduler, random.nextLong()).opening().createFrom(salvage, _ -> {});
    }

    /** Writes all it contains into a stream, without changing the disk. */
    public RepairReport dump(OutputStream to) {
        return dump(to, ExtentBudget.usual());
    }

    /** The same with few extents in memory. */
    RepairReport dump(OutputStream to, ExtentBudget budget) {
        return opening().dump(to, budget, _ -> {});
    }

    /** Makes a pool of a dump on an empty disk, and checks it as the product does. */
    public static SimPool restore(InputStream from, SimDisk target, Scheduler scheduler, long seed) {
        return restore(from, ExtentBudget.usual(), target, scheduler, seed);
    }

    /** The same with few extents in memory. */
    static SimPool restore(InputStream from, ExtentBudget budget, SimDisk target, Scheduler scheduler, long seed) {
        DumpSource dump = new DumpSource(from);
        PoolGeometry geometry = dump.geometry();
        target.create("superblock", 8192);
        target.create("journal", geometry.journalBytes());
        target.create("segments", geometry.segmentAreaBytes());
        target.create("data", geometry.dataBytes());
        SimPool pool = new SimPool(target, scheduler, seed);
        pool.opening().createFrom(dump, budget, _ -> {});
        CheckReport check = SpaceCheck.run(pool.inspect());
        if (!check.isClean()) {
            throw new BlockSpaceException(
                    BlockSpaceException.Code.NEEDS_CHECK, check.findings().toString());
        }
        return pool;
    }

    /** As a pool is looked at that runs on these devices, at the moment of these accounts. */
    Inspection inspectLive(Accounts accounts) {
        return new PoolReading(environment(), devices()).inspectLive(accounts, null, InspectionLimit.none());
    }

    private PoolDevices devices() {
        return new PoolDevices(
                disk.device("superblock"), disk.device("journal"), disk.device("segments"), disk.device("data"));
    }

    private PoolOpening.Environment environment() {
        return new PoolOpening.Environment(
                scheduler,
                () -> new UUID(random.nextLong(), random.nextLong()),
                random::nextLong,
                () -> 1_600_000_000_000L,
                cacheBytes,
                false);
    }

    private PoolOpening opening() {
        return new PoolOpening(environment(), devices(), new NodeStoreFactory() {
            @Override
            public NodeStore openExisting() {
                throw new io.blkspc.api.BlockSpaceException(
                        io.blkspc.api.BlockSpaceException.Code.NOT_FOUND, "no node store in memory");
            }

            @Override
            public NodeStore createEmpty() {
                return nodes.apply(new HeapNodeStore());
            }

            @Override
            public NodeStore createLarger(long maxNodes) {
                return createEmpty();
            }
        });
    }
}
