package io.blkspc.host.core.crash;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.SplittableRandom;

/**
 * One run of a random workload with a throw planted somewhere below it: what is thrown leaves the pool consistent or ends all
 * writing, and the next process finds everything that was durable, and nothing that was half done.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what is thrown is the point
abstract class PlantedRun {

    final SplittableRandom random;
    final Workload workload;
    final CrashModel model = new CrashModel();
    final InertScheduler inert = new InertScheduler();

    /** A pool without volumes. */
    final SimDisk empty;

    PlantedRun(long seed) {
        random = new SplittableRandom(seed);
        workload = new Workload(random);
        workload.hasFaults = true;
        empty = new SimDisk(inert, seed);
        SimPool.create(empty, inert, SimPool.geometry(1 << 20, 400, 64 << 10), seed);
    }

    abstract HostPool open(SimDisk disk);

    /** From now on what is planted is thrown. */
    abstract void arm();

    /** From now on it is not. */
    abstract void disarm();

    /** {@code true} for what was thrown on purpose, and for what was thrown because of it. */
    abstract boolean isPlanted(Throwable thrown);

    /** Runs something that is no part of what is tested. */
    abstract void pauseCounting(Runnable look);

    /** Throws inside requests of one client and background rounds; returns their pool. */
    HostPool requests(SimDisk disk, int rounds) {
        HostPool pool = open(disk);
        model.adopt(pool);
        model.follow(disk);
        disk.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK) {
                pauseCounting(() -> model.follow(disk));
            }
            return null;
        });
        arm();
        work(disk, pool, rounds);
        disk.faults(FaultInjector.NONE);
        disarm();
        model.follow(disk);
        SimDisk image = random.nextBoolean() ? disk.killImage() : disk.cut(random, CutKind.RANDOM);
        HostPool recovered = recovered(image);
        recovered.awaitReclaim();
        EngineFacts.requireExact(recovered);
        return pool;
    }

    /** Throws inside a recovery, and has another one after it. */
    void recovery(SimDisk disk, int rounds) {
        HostPool pool = open(disk);
        model.adopt(pool);
        work(disk, pool, rounds);
        SimDisk image = disk.cut(random, CutKind.RANDOM);
        model.follow(disk);
        model.predict(image);
        arm();
        try {
            open(image);
        } catch (Throwable thrown) {
            if (!isPlanted(thrown)) {
                throw thrown;
            }
        }
        disarm();
        recovered(image.cut(random, CutKind.RANDOM));
    }

    /** As long as nothing is thrown that a client would not survive. */
    private void work(SimDisk disk, HostPool pool, int rounds) {
        ClientTask client = new ClientTask(workload, pool, random.nextLong(), 4);
        for (int i = 0; i < rounds; i++) {
            try {
                client.run();
                pool.backgroundRound();
            } catch (Throwable thrown) {
                boolean refused = thrown instanceof BlockSpaceException && pool.failure() != null;
                if (!refused && !isPlanted(thrown)) {
                    throw thrown;
                }
                disarm();
            }
            workload.writingEnded |= pool.failure() != null;
            if (pool.failure() == null) {
                pauseCounting(() -> {
                    model.requireFollowed(pool, disk);
                    EngineFacts.requireConsistent(pool);
                });
            }
        }
    }

    private HostPool recovered(SimDisk image) {
        Prediction expected = model.predict(image);
        HostPool pool = open(image);
        model.requireSame(pool, expected);
        workload.oracle.check(PoolContent.of(pool), Loss.POWER);
        return pool;
    }
}
