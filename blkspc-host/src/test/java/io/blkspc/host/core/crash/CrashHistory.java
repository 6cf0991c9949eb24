package io.blkspc.host.core.crash;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.core.crash.RuleCoverage.Rule;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.ArrayList;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * One history: a small pool, several clients, crash states examined beside the running system at any step, and now and then
 * a real crash after which the clients go on with what is left. Everything follows from one seed.
 */
final class CrashHistory {

    /** What a campaign did. */
    static final class Counts {
        long histories;
        long states;
        long nested;
        long recuts;
        long exact;
        long steps;
        final RuleCoverage coverage = new RuleCoverage();

        @Override
        public String toString() {
            return "histories=" + histories + " states=" + states + " nested=" + nested + " recuts=" + recuts
                    + " accounts=" + exact + " steps=" + steps;
        }
    }

    private static final int[] JOURNALS = {64 << 10, 64 << 10, 80 << 10, 128 << 10, 256 << 10};
    private static final int GENERATIONS = 3;
    private static final int MAX_NESTED = 3;
    private static final int CHECK_EVERY = Integer.getInteger("blkspc.checkEvery", 8);
    private static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };

    private final Workload workload;
    private final CrashModel model = new CrashModel();
    private final CrashOracle oracle;
    private final Counts counts;
    private final SplittableRandom random;
    private final PoolGeometry geometry;
    private final int examineEvery;
    private String stage = "create";

    CrashHistory(long seed, Counts counts) {
        this.random = new SplittableRandom(seed);
        this.counts = counts;
        this.workload = new Workload(random);
        this.oracle = workload.oracle;
        workload.coverage = counts.coverage;
        this.examineEvery = new int[] {40, 150, 500}[random.nextInt(3)];
        long data = (256L + random.nextInt(3) * 64L) * Geometry.BLOCK_BYTES;
        this.geometry = SimPool.geometry(data, 300 + random.nextInt(400), JOURNALS[random.nextInt(JOURNALS.length)]);
    }

    /** Where the history was when it failed. */
    String stage() {
        return stage;
    }

    // ---- the history ----

    void run() {
        InertScheduler inert = new InertScheduler();
        SimDisk disk = new SimDisk(inert, random.nextLong());
        SimPool.create(disk, inert, geometry, random.nextLong());
        byte[] garbage = new byte[(int) geometry.dataBytes()];
        new Random(random.nextLong()).nextBytes(garbage);
        SimDevice data = disk.device("data");
        System.arraycopy(data.peek(0, Geometry.BLOCK_BYTES), 0, garbage, 0, Geometry.BLOCK_BYTES); // the data label
        data.poke(0, garbage);
        disk = disk.killImage();
        workload.askedSize = geometry.dataBytes();
        workload.grownSize = geometry.dataBytes();
        for (int generation = 0; generation < GENERATIONS; generation++) {
            disk = live(disk, generation);
        }
        counts.histories++;
    }

    private SimDisk live(SimDisk disk, int generation) {
        SimScheduler scheduler = new SimScheduler(random.nextLong());
        stage = "generation=" + generation + " open";
        model.predict(disk);
        HostPool pool = open(disk, scheduler);
        if (random.nextBoolean()) {
            EngineFacts.reaperSteps(pool, 2 + random.nextInt(4));
        }
        workload.scheduler = scheduler;
        workload.epoch = () -> EngineFacts.epoch(pool);
        workload.named.clear();
        int clients = 1 + random.nextInt(4);
        int[] busy = {clients};
        for (int c = 0; c < clients; c++) {
            ClientTask client = new ClientTask(workload, pool, random.nextLong(), 60);
            scheduler.spawn("client" + c, () -> {
                client.run();
                busy[0]--;
            });
        }
        SplittableRandom background = random.split();
        boolean idle = background.nextInt(4) == 0; // then only a full journal makes checkpoints
        scheduler.spawn("background", () -> {
            while (busy[0] > 0 && !idle) {
                if (!pool.backgroundRound()) {
                    scheduler.pause(background.nextLong(3_000_000));
                }
            }
        });
        watch(pool, disk, random.split());
        SplittableRandom examiner = random.split();
        scheduler.spawn("examiner", () -> {
            while (busy[0] > 0) {
                examineSoon(scheduler, busy, examiner);
                stage = "generation=" + generation + " step=" + scheduler.steps();
                EngineFacts.requireConsistent(pool);
                note(pool, disk);
                examine(disk, examiner);
            }
        });
        if (random.nextInt(4) != 0) {
            scheduler.crashAt(random.nextInt(12_000));
        }
        boolean ended = scheduler.run();
        counts.steps += scheduler.steps();
        stage = "generation=" + generation + " ended=" + ended + " step=" + scheduler.steps();
        if (pool.failure() != null && ended) {
            throw new AssertionError("pool failed without a fault", pool.failure());
        }
        if (ended && random.nextBoolean()) {
            stage += " close";
            pool.close();
            oracle.flushedAll(oracle.now());
        }
        return adopt(disk);
    }

    /** Waits for the next moment to look at; shorter while a command is under way, where mistakes are dear. */
    private void examineSoon(SimScheduler scheduler, int[] busy, SplittableRandom examiner) {
        for (int i = examiner.nextInt(2 * examineEvery); i >= 0 && busy[0] > 0; i--) {
            if (oracle.hasCommands()) {
                i -= examineEvery / 4;
                scheduler.yieldPoint("delicate");
            } else {
                scheduler.pause(examiner.nextLong(100_000));
            }
        }
    }

    /** Follows the journal, and examines in the middle of checkpoints, where mistakes are dear. */
    private void watch(HostPool pool, SimDisk disk, SplittableRandom choice) {
        disk.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK) {
                model.follow(disk); // after the flip, records up to the checkpoint may be overwritten
            }
            boolean delicate = event.role() == IoRole.SUPERBLOCK || event.role() == IoRole.CHECKPOINT;
            if (delicate && choice.nextInt(10) == 0) {
                String before = stage;
                stage = "at " + event;
                note(pool, disk);
                examine(disk, choice);
                stage = before;
            }
            return null;
        });
    }

    /** What a cut at this moment cuts through. */
    private void note(HostPool pool, SimDisk disk) {
        workload.met(Rule.R7_CUT_WITH_RESTING_BLOCKS, EngineFacts.hasRestingBlocks(pool));
        workload.met(Rule.R8_REAPER_WAITS_FOR_FORCE, EngineFacts.waitsForForce(pool));
        workload.met(Rule.R8_CUT_IN_REAP, EngineFacts.isReaping(pool));
        workload.met(Rule.R10_CUT_IN_SEGMENT_WRITES, disk.device("segments").hasUnforced());
        workload.met(
                Rule.R10_CUT_IN_SUPERBLOCK_WRITES, disk.device("superblock").hasUnforced());
    }

    private HostPool open(SimDisk disk, Scheduler scheduler) {
        disk.use(scheduler);
        return SimPool.on(disk, scheduler, random.nextLong()).open();
    }

    /** The real crash: the clients go on with what a recovery makes of it. */
    private SimDisk adopt(SimDisk disk) {
        disk.faults(FaultInjector.NONE);
        examine(disk, random);
        Recovered recovered = recover(disk, random);
        PoolContent content = PoolContent.of(recovered.pool);
        oracle.check(content, recovered.loss);
        oracle.adopt(content);
        workload.askedSize = recovered.pool.status().sizeBytes();
        workload.grownSize = workload.askedSize;
        return random.nextBoolean()
                ? recovered.disk.killImage()
                : recovered.disk.cut(random, CUTS[random.nextInt(CUTS.length)]);
    }

    // ---- one crash state ----

    private record Recovered(SimDisk disk, HostPool pool, Loss loss) {}

    /** Takes a few crash states of this moment and checks what a recovery makes of each. */
    private void examine(SimDisk disk, SplittableRandom choice) {
        String before = stage;
        model.follow(disk);
        for (int variant = 0; variant < 3; variant++) {
            stage = before + " variant=" + variant;
            Recovered recovered = recover(disk, choice);
            PoolContent content = PoolContent.of(recovered.pool);
            oracle.check(content, recovered.loss);
            EngineFacts.requireConsistent(recovered.pool);
            EngineFacts.requireNothingLiveIsFree(recovered.pool);
            if (choice.nextInt(3) == 0) {
                recut(recovered, content, choice);
            }
            if (choice.nextInt(4) == 0) {
                account(recovered.pool, content, choice.nextInt(4) == 0);
            }
        }
        stage = before;
    }

    private Recovered recover(SimDisk disk, SplittableRandom choice) {
        Loss loss = Loss.PROCESS;
        SimDisk image = disk;
        for (int depth = 0; ; depth++) {
            boolean power = choice.nextInt(4) != 0;
            CutKind kind = CUTS[choice.nextInt(CUTS.length)];
            image = power ? image.cut(choice, kind) : image.killImage();
            loss = power ? Loss.POWER : loss;
            stage += power ? " " + kind : " KILL";
            boolean stops = depth < MAX_NESTED && choice.nextInt(4) == 0;
            CountdownScheduler scheduler =
                    new CountdownScheduler(stops ? choice.nextInt(16 << choice.nextInt(7)) : Long.MAX_VALUE);
            counts.states++;
            Prediction expected = model.predict(image);
            counts.coverage.recovery(expected);
            if (choice.nextInt(5) == 0) {
                damage(image, expected, choice);
            }
            if (choice.nextInt(CHECK_EVERY) == 0) {
                requireChecksClean(image, choice);
            }
            try {
                HostPool pool = open(image, scheduler, choice);
                scheduler.disarm();
                model.requireSame(pool, expected);
                workload.requireSize(pool.status().sizeBytes());
                return new Recovered(image, pool, loss);
            } catch (CountdownScheduler.Stopped e) {
                counts.nested++;
                counts.coverage.met(Rule.R11_CUT_IN_RECOVERY, 1);
            }
        }
    }

    /** R4, D14: with one sector of a forced record damaged, a twin of the image must be refused and nothing else. */
    private void damage(SimDisk image, Prediction expected, SplittableRandom choice) {
        SimDisk twin = image.killImage();
        if (!expected.damageForcedRecord(twin, choice)) {
            return;
        }
        try {
            open(twin, new InertScheduler(), choice);
        } catch (BlockSpaceException e) {
            if (e.code() == Code.NEEDS_CHECK) {
                counts.coverage.met(Rule.R4_DAMAGE_REFUSED, 1);
                return;
            }
            throw e;
        }
        throw new AssertionError("D14 a damaged record below what was forced is not refused");
    }

    /** D15: the checker, which recovers nothing, finds nothing in what any legal crash leaves. */
    private static void requireChecksClean(SimDisk image, SplittableRandom choice) {
        image.use(new InertScheduler());
        CheckReport report = SpaceCheck.run(
                SimPool.on(image, new InertScheduler(), choice.nextLong()).inspect());
        if (!report.isClean()) {
            throw new AssertionError("D15 the checker calls a good pool damaged: " + report.findings());
        }
    }

    private static HostPool open(SimDisk image, Scheduler scheduler, SplittableRandom choice) {
        image.use(scheduler);
        return SimPool.on(image, scheduler, choice.nextLong()).open();
    }

    /** What was read after a recovery is itself durable: a second cut changes nothing. */
    private void recut(Recovered recovered, PoolContent content, SplittableRandom choice) {
        stage += " recut";
        SimDisk again = recovered.disk.cut(choice, CUTS[choice.nextInt(CUTS.length)]);
        Prediction expected = model.predict(again);
        HostPool pool = open(again, new InertScheduler(), choice);
        model.requireSame(pool, expected);
        String difference = content.difference(PoolContent.of(pool));
        if (difference != null) {
            throw new AssertionError("D7 flapping after a second cut: " + difference);
        }
        counts.recuts++;
    }

    private void account(HostPool pool, PoolContent content, boolean destroy) {
        stage += " account";
        String before = EngineFacts.describe(pool);
        pool.awaitReclaim();
        try {
            EngineFacts.requireExact(pool);
        } catch (AssertionError e) {
            throw new AssertionError(
                    e.getMessage() + "\nbefore:\n" + before + "\nafter:\n" + EngineFacts.describe(pool), e);
        }
        if (!EngineFacts.hasHiddenVersions(pool)) {
            long mapped = (long) content.mapped.cardinality() * Geometry.BLOCK_BYTES;
            if (pool.status().allocatedBytes() != mapped) {
                throw new AssertionError(
                        "allocated=" + pool.status().allocatedBytes() + " but visible mappings hold " + mapped);
            }
        }
        String difference = content.difference(PoolContent.of(pool));
        if (difference != null) {
            throw new AssertionError("reaping changed content: " + difference);
        }
        counts.exact++;
        if (destroy && !content.versions.isEmpty()) {
            stage += " destroy";
            pool.destroy(new ArrayList<>(content.versions.keySet()), true);
            pool.awaitReclaim();
            EngineFacts.requireEmpty(pool);
        }
    }

    /**
     * Runs histories of consecutive seeds until so many crash states were examined, and on, up to three times as many, until
     * every rule was met.
     */
    static Counts campaign(long seed, long states) {
        Counts counts = new Counts();
        for (long s = seed;
                counts.states < states
                        || (counts.states < 3 * states
                                && !counts.coverage.neverMet().isEmpty());
                s++) {
            once(s, counts);
        }
        return counts;
    }

    /** One history; a failure names its seed, which repeats it exactly. */
    static void once(long seed, Counts counts) {
        CrashHistory history = new CrashHistory(seed, counts);
        try {
            history.run();
        } catch (RuntimeException | Error e) {
            throw new AssertionError(
                    "-Dblkspc.seed=" + seed + " " + history.stage() + " after " + counts + ": " + e.getMessage(), e);
        }
    }
}
