package io.blkspc.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class OffsetsTest {

    private static final int BLOCK = 4096;

    @Property(tries = 100)
    void eachOnceVisitsEveryBlockOnce(@ForAll @IntRange(max = 12) int bits, @ForAll long seed) {
        int blocks = 1 << bits;
        Offsets offsets = new Offsets(spec(blocks, seed).withOrder(Order.EACH_ONCE), 0);
        BitSet seen = new BitSet();
        for (int i = 0; i < blocks; i++) {
            assertThat(offsets.isExhausted()).isFalse();
            seen.set((int) (offsets.next() / BLOCK));
        }
        assertThat(offsets.isExhausted()).isTrue();
        assertThat(seen.cardinality()).isEqualTo(blocks);
        assertThat(seen.length()).isEqualTo(blocks);
    }

    @Test
    void randomStaysInRangeAndReachesNearlyEverything() {
        Offsets offsets = new Offsets(spec(1000, 7), 0);
        BitSet seen = new BitSet();
        for (int i = 0; i < 10_000; i++) {
            seen.set((int) (offsets.next() / BLOCK));
        }
        assertThat(seen.length()).isLessThanOrEqualTo(1000);
        assertThat(seen.cardinality()).isGreaterThan(990);
    }

    @Test
    void sequentialConnectionsHavePartsOfTheirOwn() {
        LoadSpec spec = spec(8, 1).withOrder(Order.SEQUENTIAL).withConnections(2);
        Offsets second = new Offsets(spec, 1);
        for (int round = 0; round < 2; round++) {
            for (int i = 4; i < 8; i++) {
                assertThat(second.next()).isEqualTo((long) i * BLOCK);
            }
        }
    }

    private static LoadSpec spec(int blocks, long seed) {
        return LoadSpec.reads(BLOCK, 1, (long) blocks * BLOCK, 1).lasting(1, seed);
    }
}
