package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.FileBlockDevice;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A volume that is guaranteed in full and preallocated: what swap needs. Overwriting it takes nothing of the pool, however
 * full everything is.
 */
class PinnedVolumeTest {

    private static final int BLOCK = 4096;
    private static final long SIZE = 16L << 20;
    private static final int BLOCKS = (int) (SIZE / BLOCK);

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final long[] expected = new long[BLOCKS];

    private static void pin(CountingPool at) {
        at.pool.create("swap", SIZE, Quota.guarantee(Quota.FULL));
        try (BlockSpace space = at.pool.open("swap");
                SpaceIo io = SpaceIo.on(space)) {
            io.preallocate(0, SIZE);
        }
    }

    /** Books every block that is left; returns the volume that has them. */
    private static String book(CountingPool at) {
        at.pool.create("rest", 128L << 20, Quota.NONE);
        int volumes = 0;
        for (long bytes = 32L << 20; bytes >= BLOCK; ) {
            try {
                at.pool.create("rest" + volumes, bytes, Quota.guarantee(Quota.FULL));
                volumes++;
            } catch (BlockSpaceException e) {
                assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
                bytes /= 2;
            }
        }
        try (BlockSpace rest = at.pool.open("rest")) {
            assertThatThrownBy(() -> rest.reserve(1, BLOCK)).hasMessageContaining("No space left in pool");
        }
        return "rest0";
    }

    /** Commits on another volume until the ring is nearly full. */
    private static void fillJournal(CountingPool at, String name) {
        try (BlockSpace space = at.pool.open(name);
                SpaceIo io = SpaceIo.on(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(BLOCK, BLOCK);
            long blocks = space.sizeBytes() / BLOCK;
            PoolStatus status = at.pool.status();
            for (long i = 0; status.journalUsedBytes() < status.journalBytes() * 8 / 10; i++) {
                io.write(i % blocks * BLOCK, BLOCK, memory, 0, false);
                if (i % blocks == blocks - 1) {
                    io.trim(0, blocks * BLOCK, false);
                }
                status = at.pool.status();
            }
        }
    }

    private void overwrite(SpaceIo io, MemorySegment memory, int writes) {
        for (int i = 0; i < writes; i++) {
            int block = random.nextInt(BLOCKS);
            long value = random.nextLong();
            memory.set(ValueLayout.JAVA_LONG, 0, value);
            io.write((long) block * BLOCK, BLOCK, memory, 0, false);
            expected[block] = value;
        }
    }

    /** Where each block lies. */
    private static long[] places(BlockSpace space) {
        long[] places = new long[BLOCKS];
        Mapping mapping = new Mapping();
        try (Lease _ = space.readLease()) {
            for (int block = 0; block < BLOCKS; block++) {
                space.map((long) block * BLOCK, BLOCK, mapping);
                places[block] = mapping.deviceOffsetBytes();
            }
        }
        return places;
    }

    private void verify(SpaceIo io, MemorySegment memory) {
        for (int block = 0; block < BLOCKS; block++) {
            io.read((long) block * BLOCK, BLOCK, memory, 0);
            assertThat(memory.get(ValueLayout.JAVA_LONG, 0)).as("seed=%d", seed).isEqualTo(expected[block]);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void overwritingTakesNothingOfThePool(boolean booked) {
        System.out.println("seed=" + seed);
        try (CountingPool at = new CountingPool(64L << 20)) {
            pin(at);
            String noisy = "noise";
            if (booked) {
                noisy = book(at);
            } else {
                at.pool.create(noisy, 16L << 20, Quota.NONE);
            }
            at.quiet();
            try (BlockSpace space = at.pool.open("swap");
                    SpaceIo io = SpaceIo.on(space);
                    Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(BLOCK, BLOCK);
                long[] places = places(space);
                // The first write of a block turns it from unwritten to written, and is journalled; some come again at
                // once.
                Map<String, Long> first = at.countsOf(() -> overwrite(io, memory, 3 * BLOCKS));
                assertThat(first).doesNotContainKeys("data allocated", "node slots used");
                for (int block = 0; block < BLOCKS; block++) {
                    memory.set(ValueLayout.JAVA_LONG, 0, ++expected[block]);
                    io.write((long) block * BLOCK, BLOCK, memory, 0, false);
                }
                at.quiet();
                fillJournal(at, noisy);
                at.pool.flush();
                Map<String, Long> counts = at.countsOf(() -> overwrite(io, memory, 40_000));
                counts.keySet().removeAll(List.of("DATA writes", "DATA bytes written", "nodes read"));
                assertThat(counts).as("beside data").isEmpty();
                assertThat(places(space)).isEqualTo(places);
                verify(io, memory);
            }
        }
    }

    @Test
    void whatWouldEndItIsRefusedWhereThePoolIsFull() {
        try (CountingPool at = new CountingPool(64L << 20)) {
            pin(at);
            book(at);
            assertThatThrownBy(() -> at.pool.snapshot(List.of("swap@s")))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE));
        }
    }

    @Test
    void overwritingAllocatesNoMemory() {
        FileHost host = new FileHost();
        try (var pool = host.newPool(64L << 20)) {
            pool.create("swap", 2 << 20, Quota.guarantee(Quota.FULL));
            try (BlockSpace space = pool.open("swap");
                    SpaceIo io = SpaceIo.on(space);
                    Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocate(2 << 20, BLOCK);
                io.preallocate(0, 2 << 20);
                io.write(0, 2 << 20, memory, 0, false);
                pool.flush();
                ((HostPool) pool).backgroundRound();
                int calls = 2_000;
                long allocated = SteadyHeap.ofThisThread(calls, () -> {
                    for (int i = 0; i < calls; i++) {
                        io.write(i % 512 * (long) BLOCK, BLOCK, memory, 0, false);
                    }
                });
                assertThat(allocated).isLessThanOrEqualTo(calls);
            }
        }
    }

    /** Data lies in a file: the device in memory makes an object for each page it looks up. */
    private static final class FileHost implements MemoryHost {
        @Override
        public BackingDevice newData(long dataBytes) {
            try {
                Path file = Files.createTempFile("blkspc", ".data");
                try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
                    made.setLength(dataBytes);
                }
                BackingDevice device = FileBlockDevice.open(file);
                Files.delete(file); // it lives as long as it is open
                return device;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
