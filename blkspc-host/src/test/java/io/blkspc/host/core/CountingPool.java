package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.sched.SystemScheduler;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/** A pool in memory that counts every IO and every node it reads or stores. Its cache keeps no clean node. */
final class CountingPool implements AutoCloseable {

    private final Map<IoRole, AtomicLong> reads = new EnumMap<>(IoRole.class);
    private final Map<IoRole, AtomicLong> writes = new EnumMap<>(IoRole.class);
    private final Map<IoRole, AtomicLong> writtenBytes = new EnumMap<>(IoRole.class);
    private final Map<IoRole, AtomicLong> forces = new EnumMap<>(IoRole.class);
    private final CountingNodes nodes = new CountingNodes();
    private final PoolDevices devices;
    HostPool pool;

    CountingPool(long dataBytes) {
        this(PoolGeometry.of(dataBytes, 0));
    }

    CountingPool(PoolGeometry geometry) {
        for (IoRole role : IoRole.values()) {
            reads.put(role, new AtomicLong());
            writes.put(role, new AtomicLong());
            writtenBytes.put(role, new AtomicLong());
            forces.put(role, new AtomicLong());
        }
        devices = new PoolDevices(
                new Counting(new SparseDevice(8192)),
                new Counting(new SparseDevice(geometry.journalBytes())),
                new Counting(new SparseDevice(geometry.segmentAreaBytes())),
                new Counting(new SparseDevice(geometry.dataBytes())));
        opening().create(geometry);
        open();
    }

    void open() {
        pool = opening().open();
    }

    /** The pool, which must be closed, as who only looks sees it. */
    PoolView view() {
        return opening().view();
    }

    /** The process dies and another one opens the pool. */
    void kill() {
        pool.fail(new IllegalStateException("killed"));
        open();
    }

    private PoolOpening opening() {
        SplittableRandom random = new SplittableRandom(7);
        PoolOpening.Environment environment = new PoolOpening.Environment(
                new SystemScheduler(),
                () -> new UUID(random.nextLong(), random.nextLong()),
                random::nextLong,
                () -> 1_600_000_000_000L,
                0,
                true);
        return new PoolOpening(environment, devices, nodes);
    }

    /** Everything done and made clean, so that what is counted next is the next thing's own. */
    void quiet() {
        pool.flush();
        pool.checkpoint();
        while (pool.backgroundRound()) {
            // goes on until nothing is left
        }
        pool.flush();
    }

    /** Nodes read from the store since the last call. */
    long nodeReads() {
        return nodes.reads.getAndSet(0);
    }

    /** What {@code work} does, by name: IOs, bytes and nodes. What it does not do is not there. */
    Map<String, Long> countsOf(Runnable work) {
        Map<String, Long> before = counts();
        work.run();
        Map<String, Long> after = counts();
        after.replaceAll((name, count) -> count - before.get(name));
        after.values().removeIf(count -> count == 0);
        return after;
    }

    private Map<String, Long> counts() {
        Map<String, Long> counts = new TreeMap<>();
        for (IoRole role : IoRole.values()) {
            counts.put(role + " reads", reads.get(role).get());
            counts.put(role + " writes", writes.get(role).get());
            counts.put(role + " bytes written", writtenBytes.get(role).get());
            counts.put(role + " forces", forces.get(role).get());
        }
        counts.put("nodes read", nodes.reads.get());
        counts.put("nodes stored", nodes.puts.get());
        counts.put("node slots used", pool.status().metadataUsedBytes());
        counts.put("data allocated", pool.status().allocatedBytes());
        counts.put("journal records", pool.status().sequence());
        return counts;
    }

    @Override
    public void close() {
        pool.close();
    }

    private final class Counting implements BackingDevice {
        private final SparseDevice device;

        Counting(SparseDevice device) {
            this.device = device;
        }

        @Override
        public long sizeBytes() {
            return device.sizeBytes();
        }

        @Override
        public void read(Transfer transfer, IoRole role) {
            reads.get(role).incrementAndGet();
            device.read(transfer, role);
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            writes.get(role).incrementAndGet();
            writtenBytes.get(role).addAndGet(transfer.totalBytes());
            device.write(transfer, role);
        }

        @Override
        public void grow(long newSizeBytes) {
            device.grow(newSizeBytes);
        }

        @Override
        public void force(IoRole role) {
            forces.get(role).incrementAndGet();
            device.force(role);
        }

        @Override
        public BlockDevice openMedium() {
            return this;
        }

        @Override
        public void close() {
            // the bytes stay
        }
    }
}
