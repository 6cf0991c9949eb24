package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoEvent;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Contract D10: the backing store has no room, at every single write of small workloads, for one write or for several. What is
 * refused changes nothing, checkpoints wait, and the pool goes on without a restart when there is room again.
 */
class OutOfBackingTest {

    private static final Set<IoRole> WAITS = EnumSet.of(IoRole.CHECKPOINT, IoRole.SUPERBLOCK);

    private final InertScheduler scheduler = new InertScheduler();
    private boolean keepsSpace = true;
    private SplittableRandom random;
    private Workload workload;
    private SimDisk disk;
    private HostPool pool;
    private int writes;
    private IoEvent fired;

    private void fill(long seed) {
        random = new SplittableRandom(seed);
        workload = new Workload(random);
        workload.hasFaults = true;
        SimDisk fresh = new SimDisk(scheduler, seed);
        SimPool.create(fresh, scheduler, SimPool.geometry(1 << 20, 400, 64 << 10), seed);
        disk = fresh.killImage().use(scheduler);
        if (!keepsSpace) {
            disk.promisesNothing();
        }
        pool = SimPool.on(disk, scheduler, seed + 1).open();
        client(6);
        writes = 0;
        fired = null;
    }

    private void client(int operations) {
        new ClientTask(workload, pool, random.nextLong(), operations).run();
    }

    /** The writes with these numbers, of those that the roles make, find no room. */
    private FaultInjector noRoom(Set<IoRole> roles, int from, int count) {
        return event -> {
            if (event.op() != IoOp.WRITE || !roles.contains(event.role())) {
                return null;
            }
            writes++;
            if (writes < from || writes - from >= count) {
                return null;
            }
            fired = event;
            return Fault.ENOSPC;
        };
    }

    private void work() {
        for (int i = 0; i < 3; i++) {
            client(5);
            pool.backgroundRound();
            pool.checkpoint();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void noRoomForDataOrCheckpointsIsOverWhenThereIsRoom(long seed) {
        Set<IoRole> roles = EnumSet.of(IoRole.DATA, IoRole.CHECKPOINT, IoRole.SUPERBLOCK);
        int waited = 0;
        int refused = 0;
        boolean more = true;
        for (int n = 1; more; n++) {
            for (int count : new int[] {1, 4}) {
                fill(seed);
                try {
                    disk.faults(noRoom(roles, n, count));
                    work();
                    more = fired != null;
                    waited += more && WAITS.contains(fired.role()) ? 1 : 0;
                    refused += more && fired.role() == IoRole.DATA ? 1 : 0;
                    disk.faults(FaultInjector.NONE);
                    goesOn();
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("seed=" + seed + " write=" + n + " count=" + count + " " + fired, e);
                }
            }
        }
        assertThat(waited).isPositive();
        assertThat(refused).isPositive();
    }

    /** Nothing was harmed: the same pool takes new blocks again, is exact, and is what it should be after a cut. */
    private void goesOn() {
        assertThat(pool.failure()).isNull();
        String name = "after";
        pool.create(name, Geometry.BLOCK_BYTES);
        try (var space = pool.open(name)) {
            new TestIo(space).write(0, new byte[Geometry.BLOCK_BYTES]);
        }
        pool.backgroundRound(); // looks for the room of a record as long as the one that found none
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
        pool.destroy(List.of(name), false);
        client(5);
        pool.awaitReclaim();
        long begin = workload.oracle.now();
        pool.flush();
        workload.oracle.flushedAll(begin);
        EngineFacts.requireExact(pool);
        reopenAfterCut();
    }

    private void reopenAfterCut() {
        SimDisk image = random.nextBoolean() ? disk.killImage() : disk.cut(random, CutKind.RANDOM);
        HostPool again = SimPool.on(image.use(scheduler).faults(FaultInjector.NONE), scheduler, random.nextLong())
                .open();
        workload.oracle.check(PoolContent.of(again), Loss.POWER);
        again.awaitReclaim();
        EngineFacts.requireExact(again);
    }

    /** At every record, of a store that promised its room and of one that did not. */
    @ParameterizedTest
    @ValueSource(longs = {5, 6, -5, -6})
    void noRoomForAJournalRecordIsOverWhenThereIsRoom(long seed) {
        boolean more = true;
        int shortages = 0;
        for (int n = 1; more; n++) {
            for (int count : new int[] {1, 5}) {
                keepsSpace = seed > 0;
                fill(seed);
                try {
                    disk.faults(noRoom(EnumSet.of(IoRole.JOURNAL), n, count));
                    work();
                    more = fired != null;
                    shortages += pool.events(0).stream().anyMatch(e -> e.facts().contains("journal record")) ? 1 : 0;
                    disk.faults(FaultInjector.NONE);
                    goesOn();
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("seed=" + seed + " record=" + n + " count=" + count + " " + fired, e);
                }
            }
        }
        assertThat(shortages).isPositive();
    }

    /** As long as no record finds room every change is refused, whatever it is, and none of them ends anything. */
    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9, -7, -8, -9})
    void nothingEndsWhileNoRecordFindsRoom(long seed) {
        keepsSpace = seed > 0;
        fill(seed);
        pool.create("kept", 8 * Geometry.BLOCK_BYTES);
        byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        try (var space = pool.open("kept")) {
            TestIo io = new TestIo(space);
            io.write(0, bytes);
            settle();
            disk.faults(noRoom(EnumSet.of(IoRole.JOURNAL), 1, Integer.MAX_VALUE));
            ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> io.write(Geometry.BLOCK_BYTES, bytes));
            for (int round = 0; round < 4; round++) {
                pool.backgroundRound();
                assertThat(pool.status().state()).isEqualTo(PoolStatus.State.OUT_OF_BACKING);
                ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.create("new", Geometry.BLOCK_BYTES));
                ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.rename("kept", "other"));
                ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.snapshot(List.of("kept@s")));
                ReadOnlyOpeningTest.assertCode(
                        Code.OUT_OF_BACKING, () -> pool.clone("kept", List.of("copy"), Quota.NONE));
                ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.destroy(List.of("kept"), true));
                ReadOnlyOpeningTest.assertCode(
                        Code.OUT_OF_BACKING, () -> pool.resize("kept", 16 * Geometry.BLOCK_BYTES, false));
                client(5);
                io.write(0, bytes);
                pool.flush();
                assertThat(io.read(0, bytes.length)).isEqualTo(bytes);
            }
            assertThat(pool.info("kept").mappedBytes()).isEqualTo(Geometry.BLOCK_BYTES);
        }
        disk.faults(FaultInjector.NONE);
        pool.backgroundRound();
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
        pool.destroy(List.of("kept"), false);
        goesOn();
    }

    /** Small records that find room, and looking for the room of one, say nothing of a larger one. */
    @Test
    void roomForAShortRecordDoesNotEndTheShortageOfALongerOne() {
        keepsSpace = false;
        fill(Seeds.next());
        pool.create("kept", 8 * Geometry.BLOCK_BYTES);
        disk.faults(event -> event.op() == IoOp.WRITE && event.role() == IoRole.JOURNAL && event.lengthBytes() > 512
                ? Fault.ENOSPC
                : null);
        ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.snapshot(List.of("kept@s")));
        for (int round = 0; round < 4; round++) {
            try (var space = pool.open("kept")) {
                new TestIo(space).write(round * (long) Geometry.BLOCK_BYTES, new byte[Geometry.BLOCK_BYTES]);
            }
            pool.flush();
            pool.backgroundRound();
            assertThat(pool.status().state()).isEqualTo(PoolStatus.State.OUT_OF_BACKING);
        }
        disk.faults(FaultInjector.NONE);
        pool.backgroundRound();
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
        assertThat(pool.events(0).stream().filter(event -> event.kind() == PoolEvent.Kind.OUT_OF_BACKING))
                .hasSize(1);
    }

    /** Room is looked for by those who need it. */
    @Test
    void anIdlePoolWritesNothing() {
        keepsSpace = false;
        fill(Seeds.next());
        pool.awaitReclaim();
        settle();
        pool.backgroundRound();
        long before = disk.count(IoRole.JOURNAL, IoOp.WRITE);
        for (int i = 0; i < 20; i++) {
            pool.backgroundRound();
        }
        assertThat(disk.count(IoRole.JOURNAL, IoOp.WRITE)).isEqualTo(before);
    }

    /** A record that cannot be taken back waits a minute; then it ends writing, and nothing is lost by it. */
    @Test
    void aChangeThatIsDecidedDoesNotWaitForEver() {
        fill(Seeds.next());
        disk.faults(endsWriting(noRoom(EnumSet.of(IoRole.JOURNAL), 1, Integer.MAX_VALUE)));
        ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> pool.create("new", Geometry.BLOCK_BYTES));
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.FAILED);
        reopenAfterCut();
    }

    private void settle() {
        while (EngineFacts.isMarkBehind(pool)) { // records that name neither data nor freed blocks may stay above it
            pool.backgroundRound();
        }
    }

    private FaultInjector endsWriting(FaultInjector faults) {
        return event -> {
            Fault fault = faults.onIo(event);
            workload.writingEnded |= fault != null;
            return fault;
        };
    }

    /** While the data has no room: the state says so, reads and overwrites of settled blocks succeed, new blocks do not. */
    @Test
    void readsAndOverwritesGoOnWhileNewBlocksAreRefused() {
        fill(Seeds.next());
        pool.create("kept", 8 * Geometry.BLOCK_BYTES);
        byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        try (var space = pool.open("kept")) {
            TestIo io = new TestIo(space);
            io.write(0, bytes);
            settle(); // then it is overwritten in place
            long first = inPlace(space);
            disk.faults(event -> event.op() == IoOp.WRITE && event.role() == IoRole.DATA && event.offsetBytes() != first
                    ? Fault.ENOSPC
                    : null);
            for (int block = 1; block < 8; block++) {
                long offset = (long) block * Geometry.BLOCK_BYTES;
                ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, () -> io.write(offset, bytes));
                assertThat(pool.status().state()).isEqualTo(PoolStatus.State.OUT_OF_BACKING);
                io.write(0, bytes);
                assertThat(io.read(0, bytes.length)).isEqualTo(bytes);
                assertThat(pool.info("kept").mappedBytes()).isEqualTo(Geometry.BLOCK_BYTES);
            }
            pool.awaitReclaim();
            EngineFacts.requireExact(pool);
            disk.faults(FaultInjector.NONE);
            io.write(Geometry.BLOCK_BYTES, bytes);
            assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
        }
    }

    private static long inPlace(BlockSpace space) {
        Mapping mapping = new Mapping();
        space.map(0, Geometry.BLOCK_BYTES, mapping);
        return mapping.deviceOffsetBytes();
    }

    /** A store that stays full for an hour ends the wait of a checkpoint, as a failed write does; nothing is lost by it. */
    @Test
    void aCheckpointDoesNotWaitForEver() {
        fill(Seeds.next());
        disk.faults(endsWriting(noRoom(WAITS, 1, Integer.MAX_VALUE)));
        ReadOnlyOpeningTest.assertCode(Code.OUT_OF_BACKING, pool::checkpoint);
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.FAILED);
        reopenAfterCut();
    }
}
