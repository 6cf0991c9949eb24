package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.SimDisk;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;

/** One run of {@link OutOfMemoryTest}, in the world of a {@link WeavingLoader}: a workload, and memory that ends at one place. */
@SuppressWarnings("checkstyle:IllegalCatch") // what is thrown is the point
final class AllocationRun extends PlantedRun {

    private static final int ROUNDS = 6;
    private static final long BLOCK = Geometry.BLOCK_BYTES;

    private final SimDisk disk = empty.killImage();
    private final int ordinal;
    private final boolean isLasting;

    private AllocationRun(long seed, int ordinal, boolean isLasting) {
        super(seed);
        this.ordinal = ordinal;
        this.isLasting = isLasting;
    }

    /**
     * Called across loaders.
     *
     * @param ordinal place to throw at; 0: none
     * @return the places passed, or {@code null} when nothing was thrown though it should
     */
    static int[] run(String phase, long seed, int ordinal, boolean isLasting) {
        AllocationRun run = new AllocationRun(seed, ordinal, isLasting);
        try {
            switch (phase) {
                case "requests" -> run.requests();
                case "commands" -> run.commands();
                case "branches" -> run.branches();
                default -> run.recovery(run.disk, ROUNDS);
            }
        } catch (Throwable thrown) {
            throw new AssertionError(
                    phase + " workload=" + seed + " place=" + ordinal + (isLasting ? " lasting " : " once ")
                            + AllocationPoints.fired() + ": " + thrown,
                    thrown);
        } finally {
            AllocationPoints.relieve();
        }
        return ordinal > 0 && AllocationPoints.fired() == null ? null : AllocationPoints.sitesSeen();
    }

    @Override
    HostPool open(SimDisk on) {
        on.use(inert);
        return SimPool.on(on, inert, random.nextLong()).cacheBytes(1).open();
    }

    @Override
    void arm() {
        AllocationPoints.arm(ordinal, isLasting);
    }

    @Override
    void disarm() {
        AllocationPoints.relieve();
    }

    @Override
    boolean isPlanted(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof OutOfMemoryError) {
                return true;
            }
        }
        return false;
    }

    @Override
    void pauseCounting(Runnable look) {
        AllocationPoints.pauseCounting(look);
    }

    private void requests() {
        HostPool pool = requests(disk, ROUNDS);
        if (pool.failure() == null) {
            requireNothingLeftBehind(pool);
        }
    }

    /** No reservation, no stage, no handle, no raised gate: all of it can be written, and destroyed without force. */
    private static void requireNothingLeftBehind(HostPool pool) {
        pool.awaitReclaim();
        EngineFacts.requireExact(pool);
        List<String> names = pool.list().stream().map(VolumeInfo::name).toList();
        for (String name : names) {
            try (BlockSpace space = pool.open(name)) {
                if (!space.isReadOnly()) {
                    space.writeLease().close();
                    space.discard(0, space.sizeBytes());
                }
            }
        }
        if (!names.isEmpty()) {
            pool.destroy(names, false);
        }
        pool.awaitReclaim();
        EngineFacts.requireEmpty(pool);
        pool.close();
    }

    /** What the random clients of a workload never ask for. */
    private void commands() {
        HostPool pool = open(disk);
        pool.create("v", 40 * BLOCK, Quota.guarantee(20 * BLOCK));
        pool.create("w", 600 * BLOCK);
        byte[] bytes = new byte[(int) (6 * BLOCK)];
        Arrays.fill(bytes, (byte) 7);
        try (BlockSpace v = pool.open("v");
                BlockSpace w = pool.open("w")) {
            new TestIo(v).write(0, bytes);
            new TestIo(w).write(590 * BLOCK, bytes);
        }
        pool.snapshot(List.of("v@s", "w@s"));
        List<Runnable> steps = List.of(
                () -> pool.hold("tag", "v@s"),
                () -> pool.hold("more", "v@s"),
                () -> pool.resize("v", 60 * BLOCK, false),
                () -> pool.resize("w", 300 * BLOCK, true),
                () -> pool.dump(OutputStream.nullOutputStream(), 1, _ -> {}),
                () -> pool.inspect(SpaceCheck::run),
                () -> pool.resizeBy("v", -30 * BLOCK, true),
                () -> pool.bytesFreedBy(List.of("w@s")),
                () -> pool.changedSince("v", "v@s", 0),
                () -> pool.release("tag", "v@s"),
                pool::backgroundRound,
                pool::awaitReclaim,
                () -> pool.release("more", "v@s"),
                pool::status,
                pool::reservations);
        arm();
        for (Runnable step : steps) {
            orNoMemory(step);
        }
        disarm();
        HostPool recovered = open(disk.killImage());
        if (pool.failure() == null) {
            assertThat(recovered.list()).usingRecursiveComparison().isEqualTo(pool.list());
            pool.awaitReclaim();
            EngineFacts.requireExact(pool);
            pool.close();
        }
        recovered.awaitReclaim();
        EngineFacts.requireExact(recovered);
    }

    /** Counts of what branches have given up, which are in memory only: made, followed, and taken back, in short steps. */
    private void branches() {
        HostPool before = open(disk);
        byte[] bytes = new byte[(int) (10 * BLOCK)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (1 + i / BLOCK);
        }
        before.create("v", 40 * BLOCK, Quota.guarantee(8 * BLOCK));
        before.create("w", 40 * BLOCK);
        write(before, "v", 0, bytes);
        write(before, "w", 0, bytes);
        before.clone("v", List.of("a", "b"), Quota.NONE);
        before.clone("w", List.of("x"), Quota.NONE);
        byte[] own = new byte[(int) BLOCK];
        for (int block = 0; block < 10; block += 2) {
            write(before, "v", block * BLOCK, own);
            write(before, "a", (block + 1) * BLOCK, own);
            write(before, "w", block * BLOCK, own); // what only x needs from now on
        }
        before.close();
        SimDisk image = disk.killImage();
        HostPool pool = open(image); // now nothing is counted
        EngineFacts.reaperSteps(pool, 2);
        List<Runnable> steps = List.of(
                () -> pool.info("x"),
                pool::backgroundRound,
                () -> pool.info("b"),
                () -> background(pool, 12),
                () -> pool.clone("v", List.of("d"), Quota.guarantee(4 * BLOCK)),
                () -> requireExact(pool),
                () -> pool.bytesFreedBy(List.of("b")),
                () -> pool.destroy(List.of("a"), false),
                () -> background(pool, 12),
                () -> pool.destroy(List.of("v"), false),
                pool::awaitReclaim);
        arm();
        for (Runnable step : steps) {
            orNoMemory(step);
        }
        disarm();
        HostPool recovered = open(image.killImage());
        if (pool.failure() == null) {
            for (String name : List.of("b", "x")) {
                try (BlockSpace space = pool.open(name)) {
                    assertThat(new TestIo(space).read(0, bytes.length)).isEqualTo(bytes);
                }
            }
            requireNothingLeftBehind(pool);
        }
        recovered.awaitReclaim();
        EngineFacts.requireExact(recovered);
    }

    private static void write(HostPool pool, String name, long offset, byte[] bytes) {
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(offset, bytes);
        }
    }

    /** Nothing is given back at the moment. */
    private static void requireExact(HostPool pool) {
        if (pool.failure() == null) {
            AllocationPoints.pauseCounting(() -> EngineFacts.requireExact(pool));
        }
    }

    private static void background(HostPool pool, int rounds) {
        for (int i = 0; i < rounds; i++) {
            pool.backgroundRound();
        }
    }

    /** What one step could not do may keep a later one from its work as well. */
    private void orNoMemory(Runnable step) {
        try {
            step.run();
        } catch (Throwable thrown) {
            boolean refused = thrown instanceof BlockSpaceException && AllocationPoints.fired() != null;
            if (!refused && !isPlanted(thrown)) {
                throw thrown;
            }
            disarm();
        }
    }
}
