package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Pool;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sched.SystemScheduler;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.WeakHashMap;

/** The real engine with real threads on devices in memory: what the contracts of the API run on. */
public interface MemoryHost extends ContractHost {

    /** The devices of a pool outlive it here, so that it can be opened again. */
    Map<Pool, PoolDevices> DEVICES = new WeakHashMap<>();

    /** Bytes of the journal; small ones make checkpoints come often. */
    default long journalBytes() {
        return 1 << 20;
    }

    /** The device of the blocks; it keeps its bytes when it is closed. */
    default BackingDevice newData(long dataBytes) {
        return new SparseDevice(dataBytes);
    }

    @Override
    default Pool newPool(long dataBytes) {
        PoolGeometry geometry = new PoolGeometry(dataBytes, 32_768, journalBytes(), 128 << 10);
        PoolDevices devices = new PoolDevices(
                new SparseDevice(8192),
                new SparseDevice(geometry.journalBytes()),
                new SparseDevice(geometry.segmentAreaBytes()),
                newData(dataBytes));
        opening(devices).create(geometry);
        return open(devices);
    }

    @Override
    default Pool reopen(Pool pool) {
        pool.close();
        return open(devicesOf(pool));
    }

    @Override
    default Pool kill(Pool pool) {
        ((HostPool) pool).fail(new IllegalStateException("killed"));
        return open(devicesOf(pool));
    }

    @Override
    default void assertConsistent(Pool pool) {
        HostPool host = (HostPool) pool;
        assertThat(host.inspect(SpaceCheck::run).findings()).isEmpty();
        EngineFacts.requireConsistent(host);
    }

    private static Pool open(PoolDevices devices) {
        Pool pool = opening(devices).open();
        synchronized (DEVICES) {
            DEVICES.put(pool, devices);
        }
        return pool;
    }

    private static PoolDevices devicesOf(Pool pool) {
        synchronized (DEVICES) {
            return DEVICES.remove(pool);
        }
    }

    private static PoolOpening opening(PoolDevices devices) {
        SplittableRandom random = new SplittableRandom();
        PoolOpening.Environment environment = new PoolOpening.Environment(
                new SystemScheduler(),
                () -> new UUID(random.nextLong(), random.nextLong()),
                random::nextLong,
                () -> 1_600_000_000_000L,
                1 << 20,
                true);
        return new PoolOpening(environment, devices, new NodeStoreFactory() {
            @Override
            public NodeStore openExisting() {
                return new HeapNodeStore(); // empty, so it is not the one of the last stop: it is made again
            }

            @Override
            public NodeStore createEmpty() {
                return new HeapNodeStore();
            }

            @Override
            public NodeStore createLarger(long maxNodes) {
                return new HeapNodeStore(maxNodes);
            }
        });
    }
}
