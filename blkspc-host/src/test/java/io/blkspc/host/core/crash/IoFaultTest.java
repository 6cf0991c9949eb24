package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.ForwardingNodes;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoEvent;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract D10 to D12: every single IO of small workloads fails in every way, once and for good. */
class IoFaultTest {

    private static final PoolGeometry GEOMETRY = SimPool.geometry(1 << 20, 400, 64 << 10);

    /** A run with one fault. */
    private static final class Run {
        final SplittableRandom random;
        final Workload workload;
        final InertScheduler scheduler = new InertScheduler();
        final SimDisk disk;
        String fired = "nothing";

        Run(long seed) {
            random = new SplittableRandom(seed);
            workload = new Workload(random);
            workload.hasFaults = true;
            disk = new SimDisk(scheduler, seed);
            SimPool.create(disk, scheduler, GEOMETRY, seed);
        }

        /** Client requests with background rounds in between; what fails, fails. */
        void work(SimDisk on, HostPool pool) {
            ClientTask client = new ClientTask(workload, pool, random.nextLong(), 4);
            for (int i = 0; i < 5; i++) {
                client.run();
                workload.writingEnded |= pool.failure() != null; // a record that could not be taken back found no room
                try {
                    pool.backgroundRound();
                } catch (BlockSpaceException e) {
                    assertThat(fired).as(e.toString()).isNotEqualTo("nothing");
                }
            }
            assertThat(on.ioCount()).isPositive();
        }

        /** What heals the medium and starts again finds everything that was durable. */
        void checkAfterHealing(SimDisk after) {
            SimDisk image = random.nextBoolean() ? after.killImage() : after.cut(random, CutKind.RANDOM);
            image.use(scheduler).faults(FaultInjector.NONE);
            HostPool pool = SimPool.on(image, scheduler, random.nextLong()).open();
            workload.oracle.check(PoolContent.of(pool), Loss.POWER);
            pool.awaitReclaim();
            EngineFacts.requireExact(pool);
            requireKept(image, pool);
        }

        /** D7: what is read after the start, and flushed then, is not what only the page cache has. */
        private void requireKept(SimDisk image, HostPool pool) {
            PoolContent before = PoolContent.of(pool);
            pool.flush();
            SimDisk cut = image.cut(random, CutKind.NONE).use(scheduler);
            HostPool again = SimPool.on(cut, scheduler, random.nextLong()).open();
            assertThat(before.difference(PoolContent.of(again)))
                    .as("after another power cut")
                    .isNull();
        }

        FaultInjector failing(long ordinal, Fault fault, boolean sticky) {
            return event -> {
                if (event.ordinal() == ordinal || (sticky && event.ordinal() > ordinal)) {
                    fired = event + " " + fault;
                    workload.writingEnded |= endsWriting(event, fault, sticky);
                    return fault;
                }
                return null;
            };
        }

        /**
         * ENOSPC of the data or of a record fails one request only, and that of a checkpoint waits (D10); a read fails alone
         * (D11).
         */
        private static boolean endsWriting(IoEvent event, Fault fault, boolean sticky) {
            boolean waits = event.role() == IoRole.CHECKPOINT || event.role() == IoRole.SUPERBLOCK;
            boolean refuses = event.role() == IoRole.DATA || event.role() == IoRole.JOURNAL;
            boolean goesOn = fault == Fault.ENOSPC && (refuses || (waits && !sticky));
            return event.op() == IoOp.FORCE || (event.op() == IoOp.WRITE && !goesOn);
        }
    }

    private static String name(long seed, long n, Fault fault, boolean sticky, Run run) {
        return "workload=" + seed + " io=" + n + " " + fault + (sticky ? " sticky" : " once") + " fired=" + run.fired;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void afterAnyFailedIoNothingDurableIsLostAndNoFlushSucceeds(long seed) {
        boolean more = true;
        for (long n = 1; more; n++) {
            more = false;
            for (Fault fault : Fault.values()) {
                for (boolean sticky : new boolean[] {false, true}) {
                    more |= oneFault(seed, n, fault, sticky);
                }
            }
        }
    }

    private static boolean oneFault(long seed, long n, Fault fault, boolean sticky) {
        Run run = new Run(seed);
        try {
            SimDisk disk = run.disk.killImage().use(run.scheduler);
            HostPool pool = SimPool.on(disk, run.scheduler, seed + 1).open();
            pool.create("v0", 24L * Geometry.BLOCK_BYTES);
            try (var space = pool.open("v0")) {
                PoolContent.Version made =
                        new PoolContent.Version(true, PoolContent.read(space, new java.util.BitSet()));
                run.workload.oracle.returned(
                        run.workload.oracle.begin(false, java.util.List.of(), java.util.List.of("v0")),
                        new PoolContent.Version[] {made},
                        run.workload.oracle.now());
            }
            disk.faults(run.failing(disk.ioCount() + n, fault, sticky));
            run.work(disk, pool);
            run.checkAfterHealing(disk);
            return !run.fired.equals("nothing");
        } catch (RuntimeException | Error e) {
            throw new AssertionError(name(seed, n, fault, sticky, run) + ": " + e.getMessage(), e);
        }
    }

    /** An opening that meets a failing medium refuses, and leaves no map open, or serves; the next one finds everything. */
    @ParameterizedTest
    @CsvSource({"11, true", "12, true", "13, true", "14, true", "11, false", "12, false"})
    void openingMayFailAtAnyIoAndBeTriedAgain(long seed, boolean isRecovery) {
        boolean more = true;
        for (long n = 1; more; n++) {
            more = false;
            for (boolean sticky : new boolean[] {false, true}) {
                Run run = new Run(seed);
                try {
                    SimDisk disk = run.disk.killImage().use(run.scheduler);
                    HostPool pool = SimPool.on(disk, run.scheduler, seed + 1).open();
                    run.work(disk, pool);
                    if (!isRecovery) {
                        pool.close();
                    }
                    SimDisk killed = disk.killImage().use(run.scheduler);
                    killed.faults(run.failing(n, Fault.EIO, sticky));
                    Set<NodeStore> open = new HashSet<>();
                    try {
                        SimPool.on(killed, run.scheduler, seed + 2)
                                .nodes(nodes -> noted(nodes, open))
                                .open();
                        assertThat(open).hasSize(1);
                    } catch (BlockSpaceException e) {
                        assertThat(run.fired).as(e.toString()).isNotEqualTo("nothing");
                        assertThat(open)
                                .as("maps left open by an opening that failed: %s", e)
                                .isEmpty();
                    }
                    more |= !run.fired.equals("nothing");
                    run.checkAfterHealing(killed);
                } catch (RuntimeException | Error e) {
                    throw new AssertionError(name(seed, n, Fault.EIO, sticky, run) + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static NodeStore noted(NodeStore nodes, Set<NodeStore> open) {
        open.add(nodes);
        return new ForwardingNodes(nodes) {
            @Override
            public void close() {
                open.remove(nodes);
                super.close();
            }
        };
    }
}
