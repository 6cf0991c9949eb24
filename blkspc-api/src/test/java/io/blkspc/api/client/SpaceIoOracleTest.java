package io.blkspc.api.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import io.blkspc.api.model.ModelPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random requests against an array of bytes, on a host that answers as awkwardly as the contract lets it. */
class SpaceIoOracleTest {

    private static final int SIZE = 64 * 4096;
    private static final int STEPS = 1500;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final byte[] expected = new byte[SIZE];
    private final MemorySegment buffer = Arena.ofAuto().allocate(SIZE);
    private int snapshots;

    @ParameterizedTest
    @CsvSource({
        "WHEN_OWNED, 0, 0",
        "WHEN_DURABLE, 0, 0",
        "ONLY_WITHOUT_CREDIT, 0, 0",
        "WHEN_DURABLE, 0.5, 0",
        "WHEN_DURABLE, 0.5, 0.2",
        "ONLY_WITHOUT_CREDIT, 0.9, 0.5",
    })
    void behavesLikeAnArrayOfBytes(InPlaceRule rule, double shortMappings, double busyAnswers) {
        System.out.println("seed=" + seed);
        ModelPool pool = ModelPool.create(64L << 20, ModelOptions.defaults().with(rule));
        pool.create("vol", SIZE);
        pool.faults().seed(seed).shortMappings(shortMappings).busyAnswers(busyAnswers);
        try (BlockSpace space = pool.open("vol")) {
            try (SpaceIo io = SpaceIo.batched(space)) {
                for (int step = 0; step < STEPS; step++) {
                    step(pool, io);
                    if (step % 50 == 0) {
                        pool.assertConsistent();
                        assertThat(Native.read(io, 0, SIZE))
                                .as("seed=%d step=%d", seed, step)
                                .isEqualTo(expected);
                    }
                }
                assertThat(Native.read(io, 0, SIZE)).as("seed=%d", seed).isEqualTo(expected);
            }
            assertThat(pool.status().promisedBytes()).isZero();
            pool.assertConsistent();
        }
        checkAfterKill(pool);
    }

    /** Everything that was published is there in the next life. */
    private void checkAfterKill(ModelPool pool) {
        pool.faults().clear();
        try (ModelPool reopened = pool.restart();
                BlockSpace space = reopened.open("vol");
                SpaceIo io = SpaceIo.on(space)) {
            assertThat(Native.read(io, 0, SIZE)).isEqualTo(expected);
        }
    }

    private void step(ModelPool pool, SpaceIo io) {
        int length = length();
        int offset = random.nextInt(SIZE - length + 1);
        boolean fua = random.nextInt(10) == 0;
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> {
                fill(length);
                io.write(offset, length, buffer, 0, fua);
                expect(offset, length);
            }
            case 3, 4 -> publishGroup(io);
            case 5 -> {
                fill(length);
                streamed(io, offset, length);
                expect(offset, length);
            }
            case 6 -> {
                io.zero(offset, length, random.nextBoolean(), fua);
                Arrays.fill(expected, offset, offset + length, (byte) 0);
            }
            case 7 -> {
                io.trim(offset, length, fua);
                int first = (offset + 4095) & -4096;
                int end = (offset + length) & -4096;
                if (first < end) {
                    Arrays.fill(expected, first, end, (byte) 0);
                }
            }
            case 8 -> io.flush();
            case 9 -> {
                if (random.nextInt(4) == 0) {
                    String name = "vol@s" + snapshots++;
                    pool.snapshot(List.of(name));
                    if (snapshots > 3) {
                        pool.destroy(List.of("vol@s" + (snapshots - 4)), false);
                    }
                }
            }
            case 10 ->
                assertThat(Native.read(io, offset, length))
                        .as("seed=%d", seed)
                        .isEqualTo(Arrays.copyOfRange(expected, offset, offset + length));
            default -> readRuns(io, offset, length);
        }
    }

    private int length() {
        return switch (random.nextInt(5)) {
            case 0 -> 1 + random.nextInt(600);
            case 1 -> 512 * (1 + random.nextInt(16));
            case 2 -> 4096;
            case 3 -> 4096 * (1 + random.nextInt(20));
            default -> 1 + random.nextInt(SIZE / 2);
        };
    }

    private void fill(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
    }

    private void expect(int offset, int length) {
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, expected, offset, length);
    }

    private void publishGroup(SpaceIo io) {
        fill(SIZE);
        int used = 0;
        int next = random.nextInt(SIZE);
        for (int i = 0; i < 1 + random.nextInt(30); i++) {
            int length = Math.min(1 + random.nextInt(9000), SIZE - used);
            int offset = random.nextBoolean() ? next : random.nextInt(SIZE);
            length = Math.min(length, SIZE - offset);
            if (length <= 0) {
                continue;
            }
            if (!io.queue(offset, length, buffer, used)) {
                assertThat(io.publish()).isZero();
                assertThat(io.queue(offset, length, buffer, used)).isTrue();
            }
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, used, expected, offset, length);
            used += length;
            next = offset + length;
        }
        assertThat(io.publish()).isZero();
    }

    private void streamed(SpaceIo io, int offset, int length) {
        io.openWrite(offset, length);
        try {
            int done = 0;
            while (done < length) {
                int part = 1 + random.nextInt(length - done);
                io.writeNext(part, buffer, done);
                done += part;
            }
        } finally {
            io.closeWrite();
        }
    }

    private void readRuns(SpaceIo io, int offset, int length) {
        byte[] actual = new byte[length];
        int done = 0;
        while (done < length) {
            long run = io.readRun(offset + done, length - done, buffer, 0, random.nextBoolean());
            assertThat(run).isNotZero();
            if (run > 0) {
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, actual, done, (int) run);
            }
            done += (int) Math.abs(run);
        }
        assertThat(actual).as("seed=%d", seed).isEqualTo(Arrays.copyOfRange(expected, offset, offset + length));
    }
}
