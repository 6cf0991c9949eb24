package io.blkspc.xfsish;

import static io.blkspc.xfsish.Bytes.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The write path on the real engine over a disk that loses what was not forced, and that fails. */
class SubvolumeCrashTest {

    private static final long STATES = Boolean.getBoolean("blkspc.release") ? 100_000 : 500;
    private static final int BLOCKS = 40;
    private static final int SECTOR = 512;
    private static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };
    private static final PoolGeometry GEOMETRY = SimPool.geometry(1 << 20, 400, 64 << 10);

    /** One workload from one seed. Block contents since the last sync that returned, newest last. */
    private static final class Run {
        final SplittableRandom random;
        final InertScheduler scheduler = new InertScheduler();
        final SimDisk disk;
        final HostPool pool;
        final BlockSpace space;
        final Subvolume subvolume;
        final List<List<byte[]>> versions = new ArrayList<>();
        int snapshots;

        Run(long seed) {
            random = new SplittableRandom(seed);
            SimDisk made = new SimDisk(scheduler, seed);
            SimPool.create(made, scheduler, GEOMETRY, seed);
            disk = made.killImage().use(scheduler);
            pool = SimPool.on(disk, scheduler, seed).open();
            pool.create("vol", (long) BLOCKS * BLOCK);
            space = pool.open("vol");
            subvolume = Subvolume.open(space, new SubvolumeConfig(10, 4));
            for (int block = 0; block < BLOCKS; block++) {
                versions.add(new ArrayList<>(List.of(new byte[BLOCK])));
            }
        }

        void step() {
            switch (random.nextInt(12)) {
                case 0 -> sync();
                case 1 -> subvolume.writeBack();
                case 2 -> snapshot();
                case 3 -> pool.backgroundRound();
                default -> transaction();
            }
        }

        void transaction() {
            int count = 1 + random.nextInt(5);
            int first = random.nextInt(BLOCKS - count);
            byte[] data = Fixture.bytes(random.nextLong(), count * BLOCK);
            try (Transaction transaction = subvolume.begin(count)) {
                Bytes.write(transaction, (long) first * BLOCK, data);
                transaction.commit();
            }
            for (int i = 0; i < count; i++) {
                versions.get(first + i).add(Arrays.copyOfRange(data, i * BLOCK, (i + 1) * BLOCK));
            }
        }

        void sync() {
            subvolume.sync();
            versions.replaceAll(list -> new ArrayList<>(List.of(list.getLast())));
        }

        void snapshot() {
            if (snapshots > 2) {
                pool.destroy(List.of("vol@s" + (snapshots - 3)), false);
                pool.awaitReclaim();
            }
            pool.snapshot(List.of("vol@s" + snapshots++));
        }

        /** Kills or cuts the power now, and checks what a recovery finds. */
        void crash() {
            boolean kill = random.nextInt(4) == 0;
            SimDisk image = kill ? disk.killImage() : disk.cut(random, CUTS[random.nextInt(CUTS.length)]);
            InertScheduler own = new InertScheduler();
            HostPool recovered =
                    SimPool.on(image.use(own), own, random.nextLong()).open();
            assertThat(recovered.status().reservedBytes()).isZero();
            byte[] seen;
            try (BlockSpace after = recovered.open("vol")) {
                seen = new TestIo(after).read(0, BLOCKS * BLOCK);
            }
            for (int at = 0; at < seen.length; at += SECTOR) {
                int inBlock = at % BLOCK;
                List<byte[]> allowed = versions.get(at / BLOCK);
                boolean found = false;
                for (byte[] version : allowed) {
                    found |= Arrays.equals(seen, at, at + SECTOR, version, inBlock, inBlock + SECTOR);
                }
                if (!found) {
                    throw new AssertionError("sector holds none of its versions: block=" + at / BLOCK + ", sector="
                            + inBlock / SECTOR + ", versions=" + allowed.size() + (kill ? ", kill" : ", cut"));
                }
            }
        }
    }

    @Test
    void whatASyncCoveredIsThereAfterEveryCrash() {
        long seed = Seeds.next();
        long[] states = {0};
        for (long s = seed; states[0] < STATES; s++) {
            Run run = new Run(s);
            try {
                run.disk.faults(event -> {
                    if (run.random.nextInt(24) == 0) {
                        run.crash();
                        states[0]++;
                    }
                    return null;
                });
                for (int i = 0; i < 60; i++) {
                    run.step();
                }
                run.crash();
                run.subvolume.shutDown();
                assertThat(run.pool.status().reservedBytes()).isZero();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + s + " " + e.getMessage(), e);
            }
        }
        assertThat(states[0]).isGreaterThanOrEqualTo(STATES);
    }

    @Test
    void whicheverIoFailsNothingSyncedIsLostAndNoReservationIsLeft() {
        int fired = 0;
        for (long seed = 1; seed <= 3; seed++) {
            for (Fault fault : Fault.values()) {
                boolean more = true;
                for (long n = 1; more; n++) {
                    more = oneFault(seed, n, fault);
                    fired += more ? 1 : 0;
                }
            }
        }
        System.out.println("faults: " + fired);
        assertThat(fired).isGreaterThan(100);
    }

    private static boolean oneFault(long seed, long n, Fault fault) {
        Run run = new Run(seed);
        boolean[] fired = {false};
        long ordinal = run.disk.ioCount() + n;
        run.disk.faults(event -> {
            fired[0] |= event.ordinal() == ordinal;
            return event.ordinal() == ordinal ? fault : null;
        });
        try {
            for (int i = 0; i < 25; i++) {
                try {
                    run.step();
                } catch (BlockSpaceException e) {
                    assertThat(fired[0]).as(e.toString()).isTrue();
                    assertThat(e.code())
                            .as(e.toString())
                            .isNotIn(BlockSpaceException.Code.OUT_OF_SPACE, BlockSpaceException.Code.NO_CREDIT);
                }
            }
            run.disk.faults(FaultInjector.NONE);
            run.crash();
            run.subvolume.shutDown();
            assertThat(run.pool.status().reservedBytes()).isZero();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("workload=" + seed + " io=" + n + " " + fault + ": " + e.getMessage(), e);
        }
        return fired[0];
    }
}
