package io.blkspc.api.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import io.blkspc.api.model.ModelPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads through cached extents while others change what is mapped. */
class ExtentCacheTest {

    private static final int MIB = 1 << 20;
    private static final int SIZE = 6 * MIB;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final byte[] expected = new byte[SIZE];
    private final MemorySegment buffer = Arena.ofAuto().allocate(MIB);

    @ParameterizedTest
    @CsvSource({"WHEN_OWNED, 0", "WHEN_DURABLE, 0.3", "ONLY_WITHOUT_CREDIT, 0.8"})
    void neverShowsAStaleByteWhateverOthersDo(InPlaceRule rule, double shortMappings) {
        System.out.println("seed=" + seed);
        ModelPool pool = ModelPool.create(24L * MIB, ModelOptions.defaults().with(rule));
        pool.create("vol", SIZE);
        pool.create("other", SIZE); // takes up what the volume frees
        pool.faults().seed(seed).shortMappings(shortMappings);
        try (BlockSpace space = pool.open("vol");
                BlockSpace mine = pool.open("vol");
                BlockSpace others = pool.open("other");
                SpaceIo reader = SpaceIo.batched(mine);
                SpaceIo writer = SpaceIo.on(space);
                SpaceIo other = SpaceIo.on(others)) {
            int snapshots = 0;
            for (int step = 0; step < 1500; step++) {
                int length = (1 + random.nextInt(40)) * 4096;
                int offset = random.nextInt((SIZE - length) / 4096) * 4096;
                switch (random.nextInt(10)) {
                    case 0, 1 -> write(writer, offset, length);
                    case 2 -> zero(writer, offset, length);
                    case 3 -> other.write(offset, length, fill(length), 0, false);
                    case 4 -> other.trim(offset, length, false);
                    case 5 -> hint(reader, offset, length);
                    case 6 -> {
                        if (random.nextInt(20) == 0) {
                            pool.snapshot(List.of("vol@s" + snapshots++));
                            if (snapshots > 2) {
                                pool.destroy(List.of("vol@s" + (snapshots - 3)), false);
                            }
                        }
                    }
                    default ->
                        assertThat(Arrays.mismatch(
                                        Native.read(reader, offset + 100, length - 100),
                                        Arrays.copyOfRange(expected, offset + 100, offset + length)))
                                .as("seed=%d step=%d", seed, step)
                                .isEqualTo(-1);
                }
            }
        }
        pool.close();
    }

    private MemorySegment fill(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, length);
        return buffer;
    }

    private void write(SpaceIo writer, int offset, int length) {
        writer.write(offset, length, fill(length), 0, false);
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, expected, offset, length);
    }

    private void zero(SpaceIo writer, int offset, int length) {
        if (random.nextBoolean()) {
            writer.trim(offset, length, false);
        } else {
            writer.zero(offset, length, random.nextBoolean(), false);
        }
        Arrays.fill(expected, offset, offset + length, (byte) 0);
    }

    private void hint(SpaceIo reader, int offset, int length) {
        if (random.nextBoolean()) {
            reader.prefetch(offset, length);
        } else {
            reader.drop(offset, length);
        }
    }

    @Test
    void oneLookUpIsForTheRestOfTheMiBAndNoneIsMadeAtAttach() {
        ModelPool pool = ModelPool.create(24L * MIB);
        pool.create("vol", SIZE);
        try (BlockSpace opened = pool.open("vol");
                SpaceIo writer = SpaceIo.on(opened)) {
            writer.write(0, MIB, buffer, 0, false);
            AtomicInteger maps = new AtomicInteger();
            BlockSpace space = counting(opened, maps);
            ExtentCache cache = new ExtentCache(space, 4);
            assertThat(maps.get()).isZero();
            try (var _ = space.readLease()) {
                for (int at = 8192; at < MIB; at += 4096) {
                    assertThat(cache.find(at, 4096)).isEqualTo(4096);
                }
            }
            assertThat(maps.get()).isEqualTo(1);
            cache.prefetch(0, 4L * MIB);
            assertThat(maps.get()).isEqualTo(5); // the first one began after the range did
            cache.prefetch(0, 4L * MIB);
            assertThat(maps.get()).isEqualTo(5);
            cache.drop(MIB, MIB);
            cache.prefetch(0, 4L * MIB);
            assertThat(maps.get()).isEqualTo(6);
            writer.write(0, 4096, buffer, 0, false);
            pool.snapshot(List.of("vol@s"));
            cache.prefetch(0, 4L * MIB);
            assertThat(maps.get()).isEqualTo(10); // the generation changed
            cache.prefetch(0, Long.MAX_VALUE / 2); // no more than there is room for
            assertThat(maps.get()).isEqualTo(10);
        }
        pool.close();
    }

    private static BlockSpace counting(BlockSpace space, AtomicInteger maps) {
        return (BlockSpace) Proxy.newProxyInstance(
                BlockSpace.class.getClassLoader(), new Class<?>[] {BlockSpace.class}, (self, method, arguments) -> {
                    if (method.getName().equals("map")) {
                        maps.incrementAndGet();
                    }
                    return method.invoke(space, arguments);
                });
    }
}
