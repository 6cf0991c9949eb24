package io.blkspc.host.core;

import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One step of {@link DumpHeapTest}, in a JVM of its own: {@code make|dump|live|restore DIR EXTENTS CLONES}. */
final class DumpHeapRun {

    private final Path pool;
    private final Path dump;
    private final int extents;
    private final int clones;

    private DumpHeapRun(Path directory, int extents, int clones) {
        this.pool = directory.resolve("pool");
        this.dump = directory.resolve("dump");
        this.extents = extents;
        this.clones = clones;
    }

    public static void main(String[] words) throws Exception {
        DumpHeapRun run = new DumpHeapRun(Path.of(words[1]), Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        switch (words[0]) {
            case "make" -> run.make();
            case "dump" -> run.dump(null);
            case "live" -> run.live();
            default -> run.restore(Path.of(words[1]).resolve("restored"));
        }
    }

    private void make() {
        BlockSpaceHost.create(pool, new PoolSpec(extents * 3L * 4096, null, 64 << 20, false, true));
        try (Pool open = BlockSpaceHost.open(pool, HostConfig.offline())) {
            open.create("image", ScatteredExtents.volumeBytes(extents));
            new ScatteredExtents(open).write("image", 0, extents, extents, false);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < clones; i++) {
                names.add("clone" + i);
            }
            open.clone("image", names, Quota.NONE);
            open.destroy(List.of("image"), false);
            open.awaitReclaim();
            new ScatteredExtents(open).write("clone0", 0, extents / 4, extents, false);
        }
    }

    private void live() throws Exception {
        try (Pool open = BlockSpaceHost.open(pool, HostConfig.offline())) {
            dump(open);
        }
    }

    private void dump(Pool open) throws Exception {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(dump))) {
            if (open == null) {
                BlockSpaceHost.dump(pool, out, words -> {});
            } else {
                BlockSpaceHost.dump(open, out, words -> {});
            }
        }
    }

    private void restore(Path to) throws Exception {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(dump))) {
            BlockSpaceHost.restore(in, to, null, false, true, System.out::println);
        }
        try (Pool open = BlockSpaceHost.open(to, HostConfig.offline())) {
            if (open.list().size() != clones || open.info("clone7").mappedBytes() != extents * 4096L) {
                throw new AssertionError("restored: " + open.list().size() + " " + open.info("clone7"));
            }
        }
    }
}
