package io.blkspc.bench.own;

import io.blkspc.bench.bed.Goal;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.Product;
import io.blkspc.bench.bed.Spread;
import io.blkspc.bench.load.LoadSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Measures what is held against limits. Each group has a pool of its own, and its first round is not counted.
 *
 * @param place where the pools go
 * @param product what is measured
 * @param extents of the volume that is cloned and opened again, a power of two
 * @param rounds of each figure that count
 * @param progress takes a few words before each step
 */
public record OwnBench(Place place, Product product, long extents, int rounds, Consumer<String> progress) {

    /** Names of the groups, in the order in which they run. */
    public static final List<String> GROUPS = List.of("clone", "clones-1000", "list", "rebuild", "memory");

    private static final double MILLIS = 1e6; // nanoseconds in each
    private static final double SECONDS = 1e9;
    private static final double MILLION = 1e6;
    private static final int CLONE_RUNS = 20; // of each round: one is over in milliseconds
    private static final String DISK = "disk";
    private static final int TOGETHER = 1_000;
    private static final long ROOM_BYTES = 1L << 30;
    private static final int LARGE_VOLUMES = 16;
    private static final long LARGE_BYTES = 1L << 36; // 16 of them are a TiB
    private static final String HEAP = "-Xmx64m";
    private static final int READ_DEPTH = 32;
    private static final long READ_MILLIS = 200;

    /** Measures the groups of these names. */
    public List<Figure> run(Set<String> groups) throws IOException {
        List<Figure> figures = new ArrayList<>();
        if (groups.contains("clone")) {
            cloneFigures(figures);
        }
        if (groups.contains("clones-1000")) {
            togetherFigures(figures);
        }
        if (groups.contains("list")) {
            listFigures(figures);
        }
        if (groups.contains("rebuild")) {
            rebuildFigures(figures);
        }
        if (groups.contains("memory")) {
            memoryFigures(figures);
        }
        return figures;
    }

    private OwnPool poolOfExtents(String name) throws IOException {
        progress.accept(name + ": writing " + extents + " extents");
        long bytes = extents * OwnPool.BLOCK_BYTES;
        OwnPool pool = OwnPool.serve(place, product, name, 2 * bytes + ROOM_BYTES);
        pool.volumes().create("many", bytes);
        pool.volumes().create("one", bytes);
        pool.scatter("many", extents);
        pool.run("one", LoadSpec.writes(OwnPool.BLOCK_BYTES, 1, OwnPool.BLOCK_BYTES, 1));
        return pool;
    }

    /** One clone of each in turn, beside a plain write and its force in the same directory. */
    private void cloneFigures(List<Figure> figures) throws IOException {
        double[] one = new double[rounds];
        double[] many = new double[rounds];
        double[] force = new double[rounds];
        double[] ratio = new double[rounds];
        double[] above = new double[rounds];
        try (OwnPool pool = poolOfExtents("clone");
                FileChannel plain = plainFile(pool)) {
            for (int round = -1; round < rounds; round++) {
                progress.accept("clone " + (round + 1) + "/" + rounds);
                double[] ofOne = new double[CLONE_RUNS];
                double[] ofMany = new double[CLONE_RUNS];
                double[] ofForce = new double[CLONE_RUNS];
                for (int run = 0; run < CLONE_RUNS; run++) {
                    ofOne[run] = cloned(pool, "one");
                    ofMany[run] = cloned(pool, "many");
                    ofForce[run] = forced(plain, run);
                }
                if (round >= 0) {
                    one[round] = middle(ofOne);
                    many[round] = middle(ofMany);
                    force[round] = middle(ofForce);
                    ratio[round] = many[round] / one[round];
                    above[round] = Math.max(0, many[round] - force[round]);
                }
            }
        }
        figures.add(Figure.of("clone", "clone of a volume of one extent", "ms", Goal.NONE, one));
        figures.add(Figure.of("clone", "clone of a volume of " + counted() + " extents", "ms", Goal.NONE, many));
        figures.add(Figure.of("clone", "the second divided by the first", "", new Goal(1.5, 1.5), ratio));
        figures.add(Figure.of("clone", "a plain 4 KiB write and fdatasync", "ms", Goal.NONE, force));
        figures.add(Figure.of("clone", "the second less that", "ms", new Goal(1, 1), above));
    }

    private static double cloned(OwnPool pool, String source) {
        String name = source + "-clone";
        long before = System.nanoTime();
        pool.volumes().clone(source, List.of(name));
        double millis = (System.nanoTime() - before) / MILLIS;
        pool.volumes().destroy(List.of(name));
        return millis;
    }

    private static FileChannel plainFile(OwnPool pool) throws IOException {
        FileChannel plain =
                FileChannel.open(pool.home().resolve("plain"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        plain.write(ByteBuffer.allocate(1 << 20), 0);
        plain.force(true);
        return plain;
    }

    private static double forced(FileChannel plain, int run) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(OwnPool.BLOCK_BYTES).put(0, (byte) run);
        long before = System.nanoTime();
        plain.write(block, (long) run * OwnPool.BLOCK_BYTES);
        plain.force(false);
        return (System.nanoTime() - before) / MILLIS;
    }

    /** A thousand clones at once: asked of the server, and by a command that is a process of its own. */
    private void togetherFigures(List<Figure> figures) throws IOException {
        double[] asked = new double[rounds];
        double[] command = new double[rounds];
        double first = 0;
        List<String> names =
                IntStream.range(0, TOGETHER).mapToObj(i -> "clone-" + i).toList();
        List<String> cloneCommand = new ArrayList<>(List.of("clone", DISK));
        cloneCommand.addAll(names);
        try (OwnPool pool = small("clones")) {
            for (int round = -1; round < rounds; round++) {
                progress.accept("clones-1000 " + (round + 1) + "/" + rounds);
                long before = System.nanoTime();
                pool.volumes().clone(DISK, names);
                double millis = (System.nanoTime() - before) / MILLIS;
                pool.volumes().destroy(names);
                double whole = pool.timed(cloneCommand) / MILLIS;
                pool.volumes().destroy(names);
                if (round < 0) {
                    first = millis;
                } else {
                    asked[round] = millis;
                    command[round] = whole;
                }
            }
        }
        Goal goal = new Goal(200, 50);
        figures.add(Figure.of("clones-1000", "1,000 clones, asked of a server", "ms", goal, asked));
        figures.add(Figure.of("clones-1000", "the same, the first thing it is asked", "ms", goal, first));
        figures.add(Figure.of("clones-1000", "the same by a command, its start too", "ms", Goal.NONE, command));
    }

    private void listFigures(List<Figure> figures) throws IOException {
        double[] held = new double[rounds];
        double[] notHeld = new double[rounds];
        try (OwnPool pool = small("list")) {
            for (int round = -1; round < rounds; round++) {
                progress.accept("list " + (round + 1) + "/" + rounds);
                int slot = Math.max(round, 0); // what the first round says is written over
                held[slot] = pool.timed(List.of("list")) / SECONDS;
                pool.stop();
                notHeld[slot] = pool.timed(List.of("list")) / SECONDS;
                pool.start();
            }
        }
        figures.add(Figure.of("list", "list, the pool not held", "s", new Goal(0.6, 0.35), notHeld));
        figures.add(Figure.of("list", "list, the pool held by a server", "s", new Goal(0.3, 0.2), held));
    }

    private OwnPool small(String name) throws IOException {
        OwnPool pool = OwnPool.serve(place, product, name, ROOM_BYTES);
        pool.volumes().create(DISK, ROOM_BYTES / 2);
        pool.scatter(DISK, 1 << 10);
        return pool;
    }

    /** From the start of the process to its first answer, after a kill. */
    private void rebuildFigures(List<Figure> figures) throws IOException {
        double[] seconds = new double[rounds];
        double[] perMillion = new double[rounds];
        try (OwnPool pool = poolOfExtents("rebuild")) {
            for (int round = 0; round < rounds; round++) {
                progress.accept("rebuild " + (round + 1) + "/" + rounds);
                pool.run("many", LoadSpec.writes(OwnPool.BLOCK_BYTES, 1, extents * OwnPool.BLOCK_BYTES, 200));
                pool.kill();
                seconds[round] = pool.start() / SECONDS;
                perMillion[round] = seconds[round] * MILLION / extents;
            }
        }
        String title = "serving again after a kill, " + counted() + " extents";
        figures.add(Figure.of("rebuild", title, "s", Goal.NONE, seconds));
        Goal goal = extents >= MILLION ? new Goal(10, 3) : Goal.NONE; // the start of a JVM tells nothing about extents
        figures.add(Figure.of("rebuild", "the same for each million", "s", goal, perMillion));
    }

    /** A TiB of volumes that have as many extents as one of the others, by a server of 64 MiB heap. It is measured once. */
    private void memoryFigures(List<Figure> figures) throws IOException {
        progress.accept("memory");
        long blocks = extents / LARGE_VOLUMES;
        long bytes = LARGE_VOLUMES * blocks * OwnPool.BLOCK_BYTES;
        try (OwnPool pool = OwnPool.serve(place, product.withFlag(HEAP), "memory", 2 * bytes + ROOM_BYTES)) {
            for (int i = 0; i < LARGE_VOLUMES; i++) {
                String name = "large-" + i;
                pool.volumes().create(name, LARGE_BYTES);
                pool.scatter(name, blocks);
                pool.run(name, LoadSpec.reads(OwnPool.BLOCK_BYTES, READ_DEPTH, LARGE_BYTES, READ_MILLIS));
            }
            double mebibytes = pool.server().privateBytes() / (double) (1 << 20);
            String title = "private memory of a server of 16 volumes of 64 GiB at " + HEAP;
            figures.add(Figure.of("memory", title, "MiB", Goal.NONE, mebibytes));
        }
    }

    private String counted() {
        return String.format(Locale.ROOT, "%,d", extents);
    }

    private static double middle(double[] figures) {
        return Spread.of(figures).median();
    }
}
