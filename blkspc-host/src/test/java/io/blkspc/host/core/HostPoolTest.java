package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The life of a pool, one thread at a time: what was written is there after each kind of stop. */
class HostPoolTest {

    private static final PoolGeometry GEOMETRY = SimPool.geometry(16 << 20, 4096, 256 << 10);

    private final InertScheduler scheduler = new InertScheduler();

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void aWrittenVolumeIsReadBackAfterEveryKindOfStop() {
        SimDisk disk = new SimDisk(scheduler, 1);
        SimPool sim = SimPool.create(disk, scheduler, GEOMETRY, 1);
        HostPool pool = sim.open();
        assertThat(pool.status().cleanOpen()).isTrue();
        pool.create("vol", 8 << 20);
        BlockSpace space = pool.open("vol");
        TestIo io = new TestIo(space);
        byte[] first = bytes(7, 300_000);
        io.write(12_345, first);
        assertThat(io.read(12_345, first.length)).isEqualTo(first);
        space.flush();
        space.close();
        pool.close();

        disk = disk.killImage().use(scheduler); // the devices of a closed pool stay closed
        HostPool clean = SimPool.on(disk, scheduler, 2).open();
        assertThat(clean.status().cleanOpen()).isTrue();
        TestIo again = new TestIo(clean.open("vol"));
        assertThat(again.read(12_345, first.length)).isEqualTo(first);
        byte[] second = bytes(8, 50_176);
        again.write(100_352, second);

        SimDisk killed = disk.killImage().use(scheduler);
        HostPool recovered = SimPool.on(killed, scheduler, 3).open();
        assertThat(recovered.status().cleanOpen()).isFalse();
        assertThat(SpaceCheck.run(SimPool.on(disk.killImage().use(scheduler), scheduler, 4)
                                .inspect())
                        .findings())
                .isEmpty();
        TestIo after = new TestIo(recovered.open("vol"));
        assertThat(after.read(100_352, second.length)).isEqualTo(second);
        assertThat(after.read(12_345, 80_000)).isEqualTo(java.util.Arrays.copyOf(first, 80_000));
    }

    /** One credit for each block would ask for more metadata than the pool has. */
    @Test
    void aRangeWithSomeBlocksInItIsFilledWithoutRoomForEachBlock() {
        SimDisk disk = new SimDisk(scheduler, 1);
        HostPool pool = SimPool.create(disk, scheduler, GEOMETRY, 1).open();
        pool.create("vol", 13 << 20);
        try (BlockSpace space = pool.open("vol");
                SpaceIo io = SpaceIo.on(space)) {
            TestIo test = new TestIo(space);
            test.write(0, bytes(1, 4096));
            test.write(5 << 20, bytes(2, 4096));
            test.write((7 << 20) + 8192, bytes(3, 65_536));
            io.zero(0, 12 << 20, true, false);
            assertThat(pool.status().allocatedBytes()).isEqualTo(12 << 20);
            assertThat(test.read(0, 12 << 20)).containsOnly(0);
        }
        pool.destroy(List.of("vol"), false);
        pool.awaitReclaim();
        assertThat(pool.status().allocatedBytes()).isZero();
        assertThat(pool.status().reservedBytes()).isZero();
    }

    @Test
    void moreNamesThanARecordHoldsAreRefusedAndNothingChanged() {
        SimDisk disk = new SimDisk(scheduler, 1);
        HostPool pool = SimPool.create(disk, scheduler, SimPool.geometry(16 << 20, 65_536, 256 << 10), 1)
                .open();
        pool.create("vol", 8192);
        List<String> wide = names(4_000, "-" + "x".repeat(100));
        pool.flush();
        PoolStatus before = pool.status();

        assertThatThrownBy(() -> pool.clone("vol", wide, Quota.guarantee(Quota.FULL)))
                .hasMessageContaining("too many names");
        assertThat(pool.status()).isEqualTo(before);
        List<String> snapshots = wide.stream().map(name -> name + "@s").toList();
        assertThatThrownBy(() -> pool.snapshot(snapshots)).isInstanceOf(BlockSpaceException.class);
        assertThat(pool.status()).isEqualTo(before);

        List<String> narrow = names(9_000, "");
        for (int from = 0; from < narrow.size(); from += 1_500) {
            pool.clone("vol", narrow.subList(from, from + 1_500));
        }
        BlockSpace one = pool.open("n5");
        new TestIo(one).write(0, bytes(1, 4096));
        assertThatThrownBy(() -> pool.destroy(narrow, true)).hasMessageContaining("too many names");
        assertThat(new TestIo(one).read(0, 4096)).isEqualTo(bytes(1, 4096));
        new TestIo(one).write(0, bytes(2, 4096));
        assertThat(pool.list()).hasSize(9_001);
    }

    private static List<String> names(int count, String end) {
        return IntStream.range(0, count).mapToObj(i -> "n" + i + end).toList();
    }

    @Test
    void aCloneSharesUntilItIsWrittenAndDestroyGivesAllBack() {
        SimDisk disk = new SimDisk(scheduler, 1);
        HostPool pool = SimPool.create(disk, scheduler, GEOMETRY, 1).open();
        pool.create("vol", 4 << 20);
        TestIo io = new TestIo(pool.open("vol"));
        byte[] old = bytes(3, 1 << 20);
        io.write(0, old);
        long allocated = pool.status().allocatedBytes();
        pool.clone("vol", List.of("copy"));
        pool.snapshot(List.of("vol@snap"));
        assertThat(pool.status().allocatedBytes()).isEqualTo(allocated);
        assertThat(pool.info("copy").exclusiveBytes()).isZero();
        TestIo copy = new TestIo(pool.open("copy"));
        byte[] fresh = bytes(4, 8192);
        copy.write(4096, fresh);
        assertThat(pool.info("copy").exclusiveBytes()).isEqualTo(8192);
        assertThat(io.read(4096, 8192)).isEqualTo(java.util.Arrays.copyOfRange(old, 4096, 12288));
        assertThat(copy.read(4096, 8192)).isEqualTo(fresh);
        assertThat(SpaceCheck.run(SimPool.on(disk.killImage().use(scheduler), scheduler, 4)
                                .inspect())
                        .findings())
                .isEmpty();
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
        pool.destroy(List.of("vol"), true);
        pool.awaitReclaim();
        assertThat(copy.read(0, 4096)).isEqualTo(java.util.Arrays.copyOf(old, 4096));
        pool.destroy(List.of("vol@snap"), false);
        pool.awaitReclaim();
        assertThat(copy.read(16384, 4096)).isEqualTo(java.util.Arrays.copyOfRange(old, 16384, 20480));
        pool.destroy(List.of("copy"), true);
        pool.awaitReclaim();
        assertThat(pool.status().allocatedBytes()).isZero();
        assertThat(pool.status().metadataUsedBytes()).isZero();
        assertThat(pool.status().promisedBytes()).isZero();
    }

    @Test
    void aFullerJournalWakesTheBackgroundAndThenSlowsWritersDown() {
        SimDisk disk = new SimDisk(scheduler, 1);
        HostPool pool = SimPool.create(disk, scheduler, SimPool.geometry(16 << 20, 4096, 1 << 20), 1)
                .open();
        int[] wakes = {0};
        pool.onBackgroundNeeded(() -> wakes[0]++);
        pool.create("vol", 8 << 20);
        TestIo io = new TestIo(pool.open("vol"));
        long longest = 0;
        boolean checkpointed = false;
        for (int i = 0; i < 4000 && !checkpointed; i++) {
            long used = pool.status().journalUsedBytes();
            long capacity = pool.status().journalBytes();
            int woken = wakes[0];
            long begin = scheduler.nanoTime();
            io.write(i % 2000 * 4096L, bytes(i, 4096));
            long took = scheduler.nanoTime() - begin;
            checkpointed = pool.status().journalUsedBytes() < used;
            if (used < capacity / 2 - 1024) {
                assertThat(wakes[0]).as("used %s", used).isEqualTo(woken);
            } else if (used > capacity / 2 && !checkpointed) {
                assertThat(wakes[0]).as("used %s", used).isGreaterThan(woken);
            }
            if (used <= capacity / 4 * 3) {
                assertThat(took).as("used %s", used).isZero();
            } else if (!checkpointed) {
                assertThat(took)
                        .as("used %s", used)
                        .isBetween(longest, 10_000_000L)
                        .isPositive();
                longest = took;
            }
        }
        assertThat(checkpointed)
                .as("a writer that finds no room makes the checkpoint itself")
                .isTrue();
        assertThat(longest).isPositive();
        assertThat(io.read(0, 4096)).isEqualTo(bytes(0, 4096));
    }
}
