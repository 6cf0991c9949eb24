package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * One recorded life of a pool: volumes under load, a snapshot, a clone and a destroy meanwhile, a kill, a recovery, a clean
 * stop, and load again. All of it lies on {@link RecordingDisks}; what it promised when is in the oracles of its versions.
 */
final class PowerStory implements AutoCloseable {

    private static final long VOLUME_BYTES = 4 << 20;
    private static final String POOL_SIZE = "24M";
    private static final int LOAD_MILLIS = 700;

    private final PoolDisks.Layout layout;
    private final Path directory;
    private final Random random;
    private final History history = History.keepingRequests();
    private final DiskLog log;
    private final PowerOracle.DataPath path;
    private final List<PowerOracle> versions = new ArrayList<>();
    private final List<VolumeOracle> existing = new ArrayList<>();
    private final List<VolumeOracle> heads = new ArrayList<>();
    private List<Path> emptyImages;
    private int createdAt;
    private int populatedAt;
    private int killedAt;
    private final Set<Integer> tornAt = new TreeSet<>();

    private PowerStory(PoolDisks.Layout layout, Path directory, long seed) {
        this.layout = layout;
        this.directory = directory;
        random = new Random(seed);
        log = new DiskLog(directory.resolve("log"), history::now);
        path = random.nextBoolean() ? PowerOracle.DataPath.PAGE_CACHE : PowerOracle.DataPath.DIRECT;
    }

    /** Lives it; on return everything is unmounted again, and the directory holds the record. */
    static PowerStory record(PoolDisks.Layout layout, Path directory, long seed) throws IOException {
        PowerStory story = new PowerStory(layout, directory, seed);
        boolean isWhole = false;
        try {
            story.live();
            isWhole = true;
            return story;
        } finally {
            if (!isWhole) {
                story.close();
            }
        }
    }

    /** How its server brings data to the disk. */
    PowerOracle.DataPath path() {
        return path;
    }

    History history() {
        return history;
    }

    DiskLog log() {
        return log;
    }

    List<PowerOracle> versions() {
        return versions;
    }

    /** Event from which on the pool exists for certain. */
    int createdAt() {
        return createdAt;
    }

    /** Event at which the volumes existed and nothing was written. */
    int populatedAt() {
        return populatedAt;
    }

    /** Events right after the kernel copied sectors to a disk while they were written. */
    Set<Integer> tornAt() {
        return tornAt;
    }

    /** Event at which the server was killed under its first load. */
    int killedAt() {
        return killedAt;
    }

    /** The disks as they were when the record began, for {@link PowerCut} to bring forward. */
    List<Path> copyEmptyImages(String prefix) {
        List<Path> copies = layout.images(directory, prefix);
        for (int disk = 0; disk < copies.size(); disk++) {
            Exec.run(
                            "cp",
                            "--reflink=auto",
                            emptyImages.get(disk).toString(),
                            copies.get(disk).toString())
                    .ok();
        }
        return copies;
    }

    private void live() throws IOException {
        emptyImages = layout.makeImages(directory, "empty");
        List<Path> images = copyEmptyImages("live");
        try (RecordingDisks disks = RecordingDisks.serve(directory.resolve("disks.sock"), images, log);
                PoolDisks pool = PoolDisks.attach(
                        layout,
                        directory,
                        disk -> LoopDevice.attach(directory.resolve("nbd" + disk), disks.uri(disk)))) {
            pool.createPool(layout, POOL_SIZE);
            createdAt = log.size();
            try (ServerProcess server = new ServerProcess(pool.pool(), "--cache", cacheMode());
                    Writeback _ = Writeback.of(pool.written(), random.nextLong())) {
                live(pool.pool(), server);
            }
        }
        checkLog(images);
    }

    private String cacheMode() {
        return path == PowerOracle.DataPath.DIRECT ? "direct" : "writeback";
    }

    /** The record is whole: all that it says was written makes the disks what they are. */
    private void checkLog(List<Path> images) throws IOException {
        List<Path> copies = layout.images(directory, "whole");
        new PowerCut(log, copyEmptyImages("flushed"), Integer.MAX_VALUE)
                .materialise(log.size(), CutKind.ALL, new Random(0), copies);
        for (int disk = 0; disk < images.size(); disk++) {
            Exec.run("cmp", images.get(disk).toString(), copies.get(disk).toString())
                    .ok();
            Files.delete(copies.get(disk));
        }
        for (int i = createdAt; i < log.size(); i++) {
            if (log.event(i).kind() == DiskLog.Kind.WRITE && hasTornSector(log.bytes(log.event(i)))) {
                tornAt.add(i + 1);
            }
        }
        if (path == PowerOracle.DataPath.DIRECT) {
            assertThat(tornAt).as("torn sectors of data came to a disk").isEmpty();
        }
    }

    private static boolean hasTornSector(ByteBuffer bytes) {
        for (int at = 0; at + Sector.BYTES <= bytes.limit(); at += Sector.BYTES) {
            if (Sector.isTorn(bytes, at)) {
                return true;
            }
        }
        return false;
    }

    private void live(Path pool, ServerProcess server) throws IOException {
        server.start();
        try (ControlSocket control = ControlSocket.of(pool)) {
            create(control, "one");
            create(control, "two");
            populatedAt = log.size();
            List<Load> loads = load(server);
            Await.pause(LOAD_MILLIS / 2);
            freeze(control, "snapshot", List.copyOf(heads), List.of("one@then", "two@then"));
            Await.pause(LOAD_MILLIS / 2);
            freeze(control, "clone", List.of(heads.getFirst()), List.of("copy"));
            destroy(control, "two@then");
            Await.pause(LOAD_MILLIS / 4);
            kill(server, loads);
        }
        killedAt = log.size();
        restart(server);
        List<Load> loads = load(server);
        Await.pause(LOAD_MILLIS);
        for (Load load : loads) {
            load.stop();
        }
        long stopping = history.now();
        server.stopCleanly();
        history.persisted(null, stopping);
        restart(server);
        try (ControlSocket control = ControlSocket.of(pool)) {
            loads = load(server);
            destroy(control, "one@then");
            Await.pause(LOAD_MILLIS / 2);
            kill(server, loads);
        }
    }

    private List<Load> load(ServerProcess server) throws IOException {
        List<Load> loads = new ArrayList<>();
        for (VolumeOracle head : heads) {
            loads.add(Load.start(server.connect(head.name()), history, head, random.nextLong()));
        }
        return loads;
    }

    private void kill(ServerProcess server, List<Load> loads) throws IOException {
        server.killHard();
        for (Load load : loads) {
            load.awaitServerDeath();
        }
        history.serverDied();
    }

    /** What the new server shows is durable, be it the old or the new of what had no answer. */
    private void restart(ServerProcess server) throws IOException {
        long begin = history.now();
        server.start();
        history.persisted(null, begin);
        for (VolumeOracle volume : existing) {
            long reading = history.now();
            assertThat(server.settle(volume))
                    .as("volume %s after a restart", volume.name())
                    .isEmpty();
            long[] seqs = server.seqs(volume);
            synchronized (history) {
                history.requests().seen(volume, reading, history.now(), seqs);
            }
        }
    }

    private void create(ControlSocket control, String name) throws IOException {
        long begin = history.now();
        control.request("create", Map.of("name", name, "size", VOLUME_BYTES));
        VolumeOracle volume = history.volume(name, VOLUME_BYTES);
        versions.add(new PowerOracle(history, path, volume, null, begin, history.now()));
        existing.add(volume);
        heads.add(volume);
    }

    /** Freezes these origins under the names at the same places. */
    private void freeze(ControlSocket control, String command, List<VolumeOracle> origins, List<String> names)
            throws IOException {
        long begin = history.now();
        List<CloneWindow> windows = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            windows.add(history.beginClone(origins.get(i), names.get(i)));
        }
        if (command.equals("snapshot")) {
            control.request("snapshot", Map.of("names", names));
        } else {
            control.request("clone", Map.of("source", origins.getFirst().name(), "targets", names));
        }
        long end = history.now();
        for (int i = 0; i < names.size(); i++) {
            VolumeOracle made = windows.get(i).end();
            versions.add(new PowerOracle(history, path, made, origins.get(i), begin, end));
            existing.add(made);
            if (command.equals("clone")) {
                heads.add(made);
            }
            history.persisted(origins.get(i), begin);
        }
    }

    private void destroy(ControlSocket control, String name) throws IOException {
        long begin = history.now();
        control.request("destroy", Map.of("names", List.of(name), "force", false, "wait", random.nextBoolean()));
        long end = history.now();
        versions.stream().filter(each -> each.name().equals(name)).forEach(each -> each.destroyed(begin, end));
        existing.removeIf(each -> each.name().equals(name));
    }

    @Override
    public void close() throws IOException {
        log.close();
    }
}
