package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Goal;
import io.blkspc.bench.load.LoadSpec;
import io.blkspc.bench.load.Order;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is asked of blkspc and of others.
 *
 * @param id short name, also of its plot
 * @param title in words
 * @param spec the load; its time and seed are set for each round
 * @param own what blkspc serves
 * @param rivals who is asked the same
 * @param isByFio {@code true} when fio asks, not the client of this bench
 */
record Workload(String id, String title, LoadSpec spec, Kind own, List<Rival> rivals, boolean isByFio) {

    private static final int BLOCK = 4096;
    private static final int LARGE = 1 << 20;
    private static final int DEPTH = 32;
    private static final int LARGE_DEPTH = 8;
    private static final int MIXED_READS = 70;
    private static final int MANY = 8;

    /**
     * One of the others, which may be blkspc itself serving something else.
     *
     * @param peer its name
     * @param kind what it serves
     * @param rate goal of blkspc's rate divided by its rate
     * @param cpu goal of blkspc's server processor time for each request, divided by its own
     */
    record Rival(String peer, Kind kind, Goal rate, Goal cpu) {
        static Rival of(String peer, Kind kind) {
            return new Rival(peer, kind, Goal.NONE, Goal.NONE);
        }

        static Rival of(String peer, Kind kind, double must, double aim) {
            return new Rival(peer, kind, new Goal(must, aim), Goal.NONE);
        }

        Rival costing(double must, double aim) {
            return new Rival(peer, kind, rate, new Goal(must, aim));
        }
    }

    Workload(String id, String title, LoadSpec spec, Kind own, List<Rival> rivals) {
        this(id, title, spec, own, rivals, false);
    }

    /** {@code true} when every run needs a disk of its own, because the first write of a block is what is measured. */
    boolean needsFresh(Kind kind) {
        return kind == Kind.CLONE || kind == Kind.THIN;
    }

    /** All of them, on disks of that size. */
    static List<Workload> all(long bytes) {
        return Stream.of(cached(bytes), byFio(bytes), firstWrites(bytes), flushed(bytes), others(bytes))
                .flatMap(List::stream)
                .toList();
    }

    private static List<Workload> cached(long bytes) {
        LoadSpec read = LoadSpec.reads(BLOCK, DEPTH, bytes, 1);
        LoadSpec write = LoadSpec.writes(BLOCK, DEPTH, bytes, 1);
        return List.of(
                new Workload("read-q32", "4 KiB random read, cached, queue 32", read, Kind.WRITTEN, readers()),
                new Workload(
                        "read-q1",
                        "4 KiB random read, cached, queue 1",
                        LoadSpec.reads(BLOCK, 1, bytes, 1),
                        Kind.WRITTEN,
                        List.of(
                                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 1.1, 1.3),
                                Rival.of(Peers.NBDKIT_MEMORY, Kind.WRITTEN),
                                Rival.of(Peers.QEMU_RAW, Kind.WRITTEN))),
                new Workload(
                        "overwrite-q32",
                        "4 KiB random overwrite of exclusive blocks, queue 32",
                        write,
                        Kind.WRITTEN,
                        List.of(
                                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 1.1, 1.4),
                                Rival.of(Peers.QCOW2, Kind.WRITTEN, 3, 4),
                                Rival.of(Peers.QEMU_RAW, Kind.WRITTEN),
                                Rival.of(Peers.NBD_SERVER, Kind.WRITTEN))),
                new Workload(
                        "mixed-4x32",
                        "4 KiB mixed 70/30, 4 connections x queue 32",
                        read.withReadPercent(MIXED_READS).withConnections(4),
                        Kind.WRITTEN,
                        List.of(
                                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 1.2, 1.5),
                                Rival.of(Peers.QEMU_RAW, Kind.WRITTEN))));
    }

    /** For credibility: it is nobody's own client, though it hides how fast a server is. */
    private static List<Workload> byFio(long bytes) {
        List<Rival> rivals = List.of(
                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN),
                Rival.of(Peers.QEMU_RAW, Kind.WRITTEN),
                Rival.of(Peers.QCOW2, Kind.WRITTEN));
        return List.of(
                new Workload(
                        "fio-read-q32",
                        "4 KiB random read, cached, queue 32, by fio",
                        LoadSpec.reads(BLOCK, DEPTH, bytes, 1),
                        Kind.WRITTEN,
                        rivals,
                        true),
                new Workload(
                        "fio-overwrite-q32",
                        "4 KiB random overwrite, queue 32, by fio",
                        LoadSpec.writes(BLOCK, DEPTH, bytes, 1),
                        Kind.WRITTEN,
                        rivals,
                        true));
    }

    private static List<Workload> firstWrites(long bytes) {
        LoadSpec write = LoadSpec.writes(BLOCK, DEPTH, bytes, 1);
        return List.of(
                new Workload(
                        "first-write-clone",
                        "4 KiB random first write into a fresh clone, queue 32",
                        write.withOrder(Order.EACH_ONCE),
                        Kind.CLONE,
                        List.of(
                                Rival.of(Blkspc.NAME, Kind.WRITTEN, 0.5, 0.8),
                                Rival.of(Peers.QCOW2, Kind.CLONE, 4, 6),
                                Rival.of(Peers.NBDKIT_COW, Kind.CLONE),
                                Rival.of(Peers.XFS_REFLINK, Kind.CLONE),
                                Rival.of(Peers.BTRFS_SNAPSHOT, Kind.CLONE))),
                new Workload(
                        "first-write-thin",
                        "4 KiB random first write into a thin volume, queue 32",
                        write.withOrder(Order.EACH_ONCE),
                        Kind.THIN,
                        List.of(
                                Rival.of(Blkspc.NAME, Kind.WRITTEN, 0.5, 0.8),
                                Rival.of(Peers.QCOW2, Kind.THIN),
                                Rival.of(Peers.NBDKIT_FILE, Kind.THIN))));
    }

    private static List<Workload> flushed(long bytes) {
        LoadSpec flushed = LoadSpec.writes(BLOCK, 1, bytes, 1).withFlushes();
        return List.of(
                new Workload(
                        "overwrite-flush-1",
                        "4 KiB overwrite + flush, 1 client",
                        flushed,
                        Kind.WRITTEN,
                        List.of(
                                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 0.9, 1.0),
                                Rival.of(Peers.QCOW2, Kind.WRITTEN))),
                new Workload(
                        "overwrite-flush-8",
                        "4 KiB overwrite + flush, 8 clients",
                        flushed.withConnections(MANY),
                        Kind.WRITTEN,
                        List.of(
                                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 1.2, 2.0),
                                Rival.of(Peers.QCOW2, Kind.WRITTEN))),
                new Workload(
                        "first-write-flush",
                        "4 KiB first write + flush, 1 client; the other overwrites",
                        flushed.withOrder(Order.EACH_ONCE),
                        Kind.CLONE,
                        List.of(Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 0.45, 0.7))));
    }

    private static List<Workload> others(long bytes) {
        LoadSpec read = LoadSpec.reads(BLOCK, DEPTH, bytes, 1);
        LoadSpec sequential = LoadSpec.reads(LARGE, LARGE_DEPTH, bytes, 1).withOrder(Order.SEQUENTIAL);
        return List.of(
                new Workload(
                        "read-1m",
                        "1 MiB sequential read, cached, queue 8",
                        sequential,
                        Kind.WRITTEN,
                        List.of(Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 1.1, 1.3))),
                new Workload(
                        "write-1m",
                        "1 MiB sequential write, queue 8",
                        sequential.withReadPercent(0),
                        Kind.WRITTEN,
                        List.of(Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 0.95, 1.1))),
                new Workload(
                        "read-direct-q32",
                        "4 KiB random read around the cache, queue 32",
                        read,
                        Kind.DIRECT,
                        List.of(Rival.of(Peers.DEVICE, Kind.DIRECT, 0.85, 0.95))),
                new Workload(
                        "read-deep",
                        "4 KiB random read through 1,000 clones of clones, queue 32",
                        read,
                        Kind.DEEP,
                        List.of(Rival.of(Blkspc.NAME, Kind.WRITTEN, 0.95, 1.0))));
    }

    private static List<Rival> readers() {
        return List.of(
                Rival.of(Peers.NBDKIT_FILE, Kind.WRITTEN, 2.0, 2.5).costing(0.5, 0.4),
                Rival.of(Peers.NBDKIT_MEMORY, Kind.WRITTEN),
                Rival.of(Peers.QEMU_RAW, Kind.WRITTEN),
                Rival.of(Peers.QCOW2, Kind.WRITTEN),
                Rival.of(Peers.QCOW2_CHAIN_1, Kind.WRITTEN),
                Rival.of(Peers.QCOW2_CHAIN_16, Kind.WRITTEN),
                Rival.of(Peers.NBD_SERVER, Kind.WRITTEN));
    }
}
