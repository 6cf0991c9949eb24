package io.blkspc.host.core.crash;

import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sim.CutKind;
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

        @Override
        public String toString() {
            return "histories=" + histories + " states=" + states + " nested=" + nested + " recuts=" + recuts
                    + " accounts=" + exact + " steps=" + steps;
        }
    }

    private static final int[] JOURNALS = {64 << 10, 80 << 10, 128 << 10, 256 << 10};
    private static final int GENERATIONS = 3;
    private static final int MAX_NESTED = 3;
    private static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };

    private final Workload workload;
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
        data.poke(0, garbage);
        disk = disk.killImage();
        for (int generation = 0; generation < GENERATIONS; generation++) {
            disk = live(disk, generation);
        }
        counts.histories++;
    }

    private SimDisk live(SimDisk disk, int generation) {
        SimScheduler scheduler = new SimScheduler(random.nextLong());
        stage = "generation=" + generation + " open";
        HostPool pool = open(disk, scheduler);
        workload.scheduler = scheduler;
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
        SimDisk running = disk;
        boolean[] delicate = {false};
        disk.faults(event -> {
            delicate[0] |= event.role() == IoRole.SUPERBLOCK || event.role() == IoRole.CHECKPOINT;
            return null;
        });
        int where = generation;
        SplittableRandom examiner = random.split();
        scheduler.spawn("examiner", () -> {
            while (busy[0] > 0) {
                betweenExaminations(scheduler, examiner, busy, delicate);
                stage = "generation=" + where + " step=" + scheduler.steps();
                EngineFacts.requireConsistent(pool);
                examine(running, examiner);
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

    /** Short where mistakes are dear: between the steps of a checkpoint and of a command. */
    private void betweenExaminations(SimScheduler scheduler, SplittableRandom choice, int[] busy, boolean[] delicate) {
        for (int i = choice.nextInt(2 * examineEvery); i >= 0 && busy[0] > 0; i--) {
            if (delicate[0] || oracle.hasCommands()) {
                i -= examineEvery / 4;
                scheduler.yieldPoint("delicate");
            } else {
                scheduler.pause(choice.nextLong(100_000));
            }
            delicate[0] = false;
        }
    }

    private HostPool open(SimDisk disk, Scheduler scheduler) {
        disk.use(scheduler);
        return SimPool.on(disk, scheduler, random.nextLong()).open();
    }

    /** The real crash: the clients go on with what a recovery makes of it. */
    private SimDisk adopt(SimDisk disk) {
        examine(disk, random);
        Recovered recovered = recover(disk, random);
        PoolContent content = PoolContent.of(recovered.pool);
        oracle.check(content, recovered.loss);
        oracle.adopt(content);
        return random.nextBoolean()
                ? recovered.disk.killImage()
                : recovered.disk.cut(random, CUTS[random.nextInt(CUTS.length)]);
    }

    // ---- one crash state ----

    private record Recovered(SimDisk disk, HostPool pool, Loss loss) {}

    /** Takes a few crash states of this moment and checks what a recovery makes of each. */
    private void examine(SimDisk disk, SplittableRandom choice) {
        String before = stage;
        for (int variant = 0; variant < 3; variant++) {
            stage = before + " variant=" + variant;
            Recovered recovered = recover(disk, choice);
            PoolContent content = PoolContent.of(recovered.pool);
            oracle.check(content, recovered.loss);
            EngineFacts.requireConsistent(recovered.pool);
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
            try {
                HostPool pool = open(image, scheduler, choice);
                scheduler.disarm();
                return new Recovered(image, pool, loss);
            } catch (CountdownScheduler.Stopped e) {
                counts.nested++;
            }
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
        HostPool pool = open(again, new InertScheduler(), choice);
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

    /** Runs histories of consecutive seeds until so many crash states were examined. */
    static Counts campaign(long seed, long states) {
        Counts counts = new Counts();
        for (long s = seed; counts.states < states; s++) {
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
