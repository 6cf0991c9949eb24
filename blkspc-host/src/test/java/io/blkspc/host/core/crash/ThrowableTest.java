package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.ThrowingSeams.Kind;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Contract D18: whatever is thrown inside a commit, a checkpoint, a freeze or a recovery, at any call to the outside, the
 * request is done in full, or not at all, or the pool takes no more writes; never half.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what is thrown is the point
class ThrowableTest {

    private static final boolean RELEASE = Boolean.getBoolean("blkspc.release");

    private static final List<Kind> KINDS = List.of(Kind.values());

    static LongStream workloads() {
        return LongStream.rangeClosed(1, RELEASE ? 100 : 4);
    }

    /** One run with one throw. */
    private static final class Run extends PlantedRun {
        final ThrowingSeams seams;

        Run(long seed, Kind kind, long at) {
            super(seed);
            seams = new ThrowingSeams(kind, at);
        }

        @Override
        HostPool open(SimDisk disk) {
            disk.use(seams);
            return SimPool.on(disk, seams, random.nextLong())
                    .nodes(seams::on)
                    .cacheBytes(1)
                    .open();
        }

        @Override
        void arm() {
            seams.arm();
        }

        @Override
        void disarm() {
            seams.disarm();
        }

        @Override
        boolean isPlanted(Throwable thrown) {
            return ThrowingSeams.isPlanted(thrown);
        }

        @Override
        void pauseCounting(Runnable look) {
            seams.pauseCounting(look);
        }

        /** Runs work that nothing but what is planted may throw out of. */
        void untilThrown(Runnable work) {
            seams.arm();
            try {
                work.run();
            } catch (Throwable thrown) {
                assertThat(ThrowingSeams.isPlanted(thrown))
                        .as(thrown.toString())
                        .isTrue();
            }
            seams.disarm();
        }

        AssertionError failed(String what, long seed, Throwable thrown) {
            return new AssertionError(what + " workload=" + seed + " " + seams.fired() + ": " + thrown, thrown);
        }
    }

    private static Kind kindFor(long at) {
        return KINDS.get((int) (at % KINDS.size()));
    }

    private static List<Kind> kinds(long at) {
        return RELEASE ? KINDS : List.of(kindFor(at));
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void throwInAnyRequestLeavesItWholeOrEndsWriting(long seed) {
        int thrown = 0;
        boolean more = true;
        for (long at = 1; more; at++) {
            more = false;
            for (Kind kind : kinds(at)) {
                more |= requests(seed, kind, at);
                thrown++;
            }
        }
        assertThat(thrown).isGreaterThan(100);
    }

    private static boolean requests(long seed, Kind kind, long at) {
        Run run = new Run(seed, kind, at);
        try {
            run.requests(run.empty.killImage(), 6);
            return run.seams.hasFired();
        } catch (Throwable thrown) {
            throw run.failed("request", seed, thrown);
        }
    }

    @ParameterizedTest
    @MethodSource("workloads")
    void throwInARecoveryIsForgottenByTheNextOne(long seed) {
        boolean more = true;
        for (long at = 1; more; at++) {
            more = false;
            for (Kind kind : kinds(at)) {
                more |= recovery(seed, kind, at);
            }
        }
    }

    private static boolean recovery(long seed, Kind kind, long at) {
        Run run = new Run(seed, kind, at);
        try {
            run.recovery(run.empty.killImage(), 4);
            return run.seams.hasFired();
        } catch (Throwable thrown) {
            throw run.failed("recovery", seed, thrown);
        }
    }

    /** A discard reads nodes after its record was appended: what it has given up by then is not mapped any more. */
    @Test
    void throwInADiscardOfManyNodesEndsWritingOrIsForgotten() {
        boolean more = true;
        int ended = 0;
        for (long at = 1; more; at++) {
            Run run = new Run(1, kindFor(at), at);
            SimDisk disk = run.empty.killImage();
            HostPool pool = run.open(disk);
            twelveLeaves(pool, "v");
            pool.checkpoint(); // from now on nodes are read again
            run.untilThrown(() -> {
                try (BlockSpace space = pool.open("v")) {
                    space.discard(0, space.sizeBytes());
                }
            });
            ended += pool.failure() == null ? 0 : 1;
            if (pool.failure() == null) {
                EngineFacts.requireExact(pool);
            }
            HostPool recovered = run.open(disk.killImage());
            recovered.awaitReclaim();
            EngineFacts.requireExact(recovered);
            more = run.seams.hasFired();
        }
        assertThat(ended).as("throws in the midst of a change").isPositive();
    }

    /** The same for a commit of blocks in many leaves. */
    @Test
    void throwInACommitToManyNodesEndsWritingOrIsForgotten() {
        boolean more = true;
        int ended = 0;
        for (long at = 1; more; at++) {
            Run run = new Run(1, kindFor(at), at);
            SimDisk disk = run.empty.killImage();
            HostPool pool = run.open(disk);
            twelveLeaves(pool, "v");
            twelveLeaves(pool, "w");
            pool.snapshot(List.of("v@s"));
            BlockSpace space = pool.open("v"); // not closed: a throw leaves its cookie as it is
            TestIo io = new TestIo(space);
            Cookie cookie = space.reserve(12, Geometry.BLOCK_BYTES);
            CommitBatch batch = new CommitBatch();
            byte[] bytes = new byte[Geometry.BLOCK_BYTES];
            Arrays.fill(bytes, (byte) 7);
            Allocation kind = null;
            for (long leaf = 0; leaf < 12; leaf++) {
                TestIo.Staged staged = io.stage(cookie, (leaf << 20) + Geometry.BLOCK_BYTES, bytes);
                kind = staged.kind();
                TestIo.addRanges(batch, staged.offset(), bytes);
            }
            pool.checkpoint(); // from now on nodes are read again, once others have taken their place in the cache
            try (BlockSpace other = pool.open("w")) {
                new TestIo(other).read(0, 12 << 20);
            }
            CommitType type = kind.commitType();
            run.untilThrown(() -> {
                space.commit(cookie, type, batch);
                run.seams.disarm();
                cookie.put();
                space.close();
            });
            ended += pool.failure() == null ? 0 : 1;
            if (pool.failure() == null && !run.seams.hasFired()) {
                pool.awaitReclaim();
                EngineFacts.requireExact(pool);
            } else if (pool.failure() == null) {
                EngineFacts.requireNothingLiveIsFree(pool);
                assertThat(changedLeaves(pool)).as(run.seams.fired()).isIn(0, 12);
            }
            HostPool recovered = run.open(disk.killImage());
            recovered.awaitReclaim();
            EngineFacts.requireExact(recovered);
            more = run.seams.hasFired();
        }
        assertThat(ended).as("throws in the midst of a change").isPositive();
    }

    private static int changedLeaves(HostPool pool) {
        int changed = 0;
        try (BlockSpace space = pool.open("v")) {
            for (long leaf = 0; leaf < 12; leaf++) {
                changed += new TestIo(space).read((leaf << 20) + Geometry.BLOCK_BYTES, 1)[0] == 7 ? 1 : 0;
            }
        }
        return changed;
    }

    /** One block in each of twelve leaves. */
    private static void twelveLeaves(HostPool pool, String name) {
        pool.create(name, 20L << 20);
        try (BlockSpace space = pool.open(name)) {
            for (int leaf = 0; leaf < 12; leaf++) {
                new TestIo(space).write(((long) leaf << 20) + Geometry.BLOCK_BYTES, new byte[Geometry.BLOCK_BYTES]);
            }
        }
    }

    /** A step of the reaper reads nodes in its midst; what it has freed by then must not be freed again. */
    @Test
    void throwInTheReaperEndsWritingOrIsForgotten() {
        boolean more = true;
        for (long at = 1; more; at++) {
            Run run = new Run(1, kindFor(at), at);
            SimDisk disk = run.empty.killImage();
            HostPool pool = run.open(disk);
            twelveLeaves(pool, "v");
            pool.checkpoint(); // from now on nodes are read again
            pool.destroy(List.of("v"), true);
            run.untilThrown(pool::awaitReclaim);
            if (pool.failure() == null) {
                pool.awaitReclaim();
                EngineFacts.requireEmpty(pool);
            }
            HostPool recovered = run.open(disk.killImage());
            recovered.awaitReclaim();
            EngineFacts.requireEmpty(recovered);
            more = run.seams.hasFired();
        }
    }
}
