package io.blkspc.host.core.crash;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Command;
import io.blkspc.host.core.crash.CrashOracle.Head;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.core.crash.SectorHistory.Write;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A short sequence of operations on a pool with two volumes and a clone, cut before every force of its last operation, after
 * that operation, and after the flush that follows it, in every kind of cut.
 */
final class ShortSequence {

    /** What a step does. The first six have a size. */
    enum Op {
        WRITE,
        WRITE_FUA,
        ZERO,
        ZERO_KEEP,
        DISCARD,
        PREALLOCATE,
        FLUSH,
        SNAPSHOT,
        CLONE,
        DESTROY,
        CHECKPOINT,
        BACKGROUND;

        boolean hasSize() {
            return compareTo(PREALLOCATE) <= 0;
        }

        /** Acts on the pool, whatever the place. */
        boolean isGlobal() {
            return this == CHECKPOINT || this == BACKGROUND;
        }
    }

    /** Where, as seen from the first step. */
    enum Place {
        SAME_BLOCK,
        NEIGHBOUR,
        OTHER_VOLUME,
        CLONE
    }

    /** How much: part of a block, a block, or several with both ends inside mapped runs. */
    enum Size {
        PART,
        BLOCK,
        SEVERAL
    }

    record Step(Op op, Place place, Size size) {}

    static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };

    private static final int SECTORS = 8;
    private static final int BLOCKS = 16;
    private static final int FIRST = 4;

    private final SplittableRandom random;
    private final CrashOracle oracle = new CrashOracle();
    private final CrashModel model = new CrashModel();
    private final SimDisk disk;
    private final HostPool pool;
    private long states;
    private int names;
    private String at = "";

    private ShortSequence(SimDisk base, long seed) {
        random = new SplittableRandom(seed);
        disk = base.killImage();
        pool = SimPool.on(disk, new InertScheduler(), seed).open();
        model.adopt(pool);
        model.follow(disk);
        oracle.adopt(PoolContent.of(pool));
    }

    /** v: blocks 2..7 its own and 0, 1 shared; c: its clone; w: half mapped; the rest of each is holes. */
    static SimDisk base(long seed) {
        InertScheduler inert = new InertScheduler();
        SimDisk disk = new SimDisk(inert, seed);
        SimPool.create(disk, inert, SimPool.geometry(1 << 20, 120, 64 << 10), seed);
        HostPool pool = SimPool.on(disk, inert, seed).open();
        pool.create("v", (long) BLOCKS * Geometry.BLOCK_BYTES);
        pool.create("w", (long) BLOCKS * Geometry.BLOCK_BYTES);
        fill(pool, "v", 0, 8, 1_000_000);
        fill(pool, "w", 0, 6, 2_000_000);
        pool.clone("v", List.of("c"));
        fill(pool, "v", 2, 6, 3_000_000);
        fill(pool, "c", 4, 1, 4_000_000);
        pool.close();
        return disk.killImage();
    }

    private static void fill(HostPool pool, String name, int block, int count, long value) {
        byte[] bytes = new byte[count * Geometry.BLOCK_BYTES];
        for (int i = 0; i < count * SECTORS; i++) {
            SectorValue.encode(value + i, bytes, i * SectorValue.BYTES);
        }
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write((long) block * Geometry.BLOCK_BYTES, bytes);
        }
    }

    /** Every sequence of one and of two steps. */
    static List<List<Step>> all() {
        List<Step> first = new ArrayList<>();
        List<Step> second = new ArrayList<>();
        for (Op op : Op.values()) {
            for (Size size : op.hasSize() ? Size.values() : new Size[] {Size.BLOCK}) {
                first.add(new Step(op, Place.SAME_BLOCK, size));
                for (Place place : op.isGlobal() ? new Place[] {Place.SAME_BLOCK} : Place.values()) {
                    if (op.hasSize() || place != Place.NEIGHBOUR) {
                        second.add(new Step(op, place, size));
                    }
                }
            }
        }
        List<List<Step>> sequences = new ArrayList<>();
        for (Step one : first) {
            sequences.add(List.of(one));
            for (Step two : second) {
                sequences.add(List.of(one, two));
            }
        }
        return sequences;
    }

    /** Runs one sequence and examines every cut; returns the number of crash states. */
    static long run(SimDisk base, List<Step> steps, long seed) {
        ShortSequence sequence = new ShortSequence(base, seed);
        try {
            for (int i = 0; i < steps.size() - 1; i++) {
                sequence.at = "step " + i;
                sequence.take(steps.get(i));
            }
            sequence.lastStep(steps.getLast());
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    "-Dblkspc.seed=" + seed + " " + steps + " " + sequence.at + ": " + e.getMessage(), e);
        }
        return sequence.states;
    }

    private void lastStep(Step step) {
        int[] forces = {0};
        disk.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK && event.op() == IoOp.WRITE) {
                model.follow(disk);
            }
            if (event.op() == IoOp.FORCE) {
                forces[0]++;
                at = "before force " + forces[0];
                examine();
            }
            return null;
        });
        take(step);
        at = "after the last step";
        examine();
        long begin = oracle.now();
        pool.flush();
        oracle.flushedAll(begin);
        at = "after the flush";
        examine();
    }

    private void examine() {
        String where = at;
        model.follow(disk);
        for (CutKind kind : CUTS) {
            at = where + " " + kind;
            examine(disk.cut(random, kind), Loss.POWER);
        }
        at = where + " KILL";
        examine(disk.killImage(), Loss.PROCESS);
        at = where;
    }

    private void examine(SimDisk image, Loss loss) {
        states++;
        Prediction expected = model.predict(image);
        HostPool recovered =
                SimPool.on(image, new InertScheduler(), random.nextLong()).open();
        model.requireSame(recovered, expected);
        EngineFacts.requireConsistent(recovered);
        EngineFacts.requireNothingLiveIsFree(recovered);
        oracle.check(PoolContent.of(recovered), loss);
    }

    // ---- steps ----

    private void take(Step step) {
        String name = switch (step.place) {
            case SAME_BLOCK, NEIGHBOUR -> "v";
            case OTHER_VOLUME -> "w";
            case CLONE -> "c";
        };
        Head head = oracle.heads.get(name);
        if (head == null && !step.op.isGlobal()) {
            return; // the step before destroyed it
        }
        switch (step.op) {
            case SNAPSHOT -> {
                String made = name + "@s" + ++names;
                command(false, List.of(name), made, () -> pool.snapshot(List.of(made)));
            }
            case CLONE -> {
                String made = "d" + ++names;
                command(false, List.of(name), made, () -> pool.clone(name, List.of(made)));
            }
            case DESTROY -> command(true, List.of(), name, () -> pool.destroy(List.of(name), true));
            case FLUSH -> flush(head);
            case CHECKPOINT -> pool.checkpoint();
            case BACKGROUND -> {
                for (int i = 0; i < 20 && pool.backgroundRound(); i++) {
                    at += "+";
                }
            }
            default -> onData(step, head);
        }
    }

    private void command(boolean destroys, List<String> sources, String name, Runnable call) {
        Command command = oracle.begin(destroys, sources, List.of(name));
        call.run();
        long end = oracle.now();
        if (destroys) {
            oracle.returned(command, null, end);
            return;
        }
        try (BlockSpace space = pool.open(name)) {
            PoolContent.Version made =
                    new PoolContent.Version(!space.isReadOnly(), PoolContent.read(space, new BitSet()));
            oracle.returned(command, new PoolContent.Version[] {made}, end);
        }
    }

    private void flush(Head head) {
        long begin = oracle.now();
        try (BlockSpace space = pool.open(head.name)) {
            space.flush();
        }
        oracle.flushed(head, begin);
    }

    private void onData(Step step, Head head) {
        int block = step.place == Place.NEIGHBOUR ? FIRST + 1 : FIRST;
        int blocks = step.size == Size.SEVERAL ? 6 : 1; // up to block 9: mapped, shared and hole
        boolean writes = step.op == Op.WRITE || step.op == Op.WRITE_FUA;
        boolean part = writes && step.size == Size.PART;
        if (!writes && step.size == Size.PART) {
            block = 1; // a block of v that c shares
        }
        long offset = (long) block * Geometry.BLOCK_BYTES + (part ? 3L * SectorValue.BYTES : 0);
        int sectors = part ? 2 : blocks * SECTORS;
        long length = (long) sectors * SectorValue.BYTES;
        if (step.op == Op.PREALLOCATE) {
            preallocate(head, offset + 4L * Geometry.BLOCK_BYTES, length);
            return;
        }
        long[] values = new long[sectors];
        byte[] bytes = new byte[(int) length];
        for (int i = 0; writes && i < sectors; i++) {
            values[i] = oracle.newValue();
            SectorValue.encode(values[i], bytes, i * SectorValue.BYTES);
        }
        List<Write> begun = oracle.begin(head, (int) (offset / SectorValue.BYTES), values);
        try (BlockSpace space = pool.open(head.name)) {
            switch (step.op) {
                case ZERO -> space.zero(offset, length, false);
                case ZERO_KEEP -> space.zero(offset, length, true);
                case DISCARD -> space.discard(offset, length);
                default -> new TestIo(space).write(offset, bytes);
            }
            if (step.op == Op.WRITE_FUA) {
                space.flush(offset, length);
            }
        }
        oracle.replied(begun, step.op == Op.WRITE_FUA);
    }

    private void preallocate(Head head, long offset, long length) {
        try (BlockSpace space = pool.open(head.name)) {
            Cookie cookie = space.reserve((int) (length / Geometry.BLOCK_BYTES), Geometry.BLOCK_BYTES);
            try {
                space.preallocate(cookie, offset, length);
            } finally {
                cookie.put();
            }
        }
    }
}
