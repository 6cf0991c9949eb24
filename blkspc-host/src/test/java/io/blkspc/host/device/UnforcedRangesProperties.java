package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A few ranges that leave nothing out, and that take in no more than they must. */
class UnforcedRangesProperties {

    private static final int SIZE = 4_000;

    record Part(int start, int length) {}

    @Provide
    Arbitrary<List<Part>> parts() {
        Arbitrary<Part> part = Combinators.combine(
                        Arbitraries.integers().between(0, SIZE - 100),
                        Arbitraries.integers().between(1, 100))
                .as(Part::new);
        return part.list().ofMaxSize(60);
    }

    @Property(tries = 2_000)
    void coverWhatWasAdded(@ForAll("parts") List<Part> parts) {
        UnforcedRanges ranges = new UnforcedRanges();
        BitSet added = new BitSet();
        boolean everJoined = false;
        for (Part part : parts) {
            ranges.add(part.start, part.length);
            added.set(part.start, part.start + part.length);
            BitSet covered = covered(ranges);
            BitSet missing = (BitSet) added.clone();
            missing.andNot(covered);
            assertThat(missing.isEmpty()).as("%s lacks %s", ranges, missing).isTrue();
            everJoined |= runs(added) > UnforcedRanges.MAX_RANGES;
            if (!everJoined) {
                assertThat(covered).as("no more than was added").isEqualTo(added);
            }
            assertThat(covered.length()).as("the end").isEqualTo(added.length());
            assertThat(covered.nextSetBit(0)).as("the start").isEqualTo(added.nextSetBit(0));
        }
    }

    private static BitSet covered(UnforcedRanges ranges) {
        assertThat(ranges.count()).isBetween(1, UnforcedRanges.MAX_RANGES);
        BitSet covered = new BitSet();
        for (int i = 0; i < ranges.count(); i++) {
            assertThat(ranges.startBytes(i)).isLessThan(ranges.endBytes(i));
            assertThat(i == 0 || ranges.endBytes(i - 1) < ranges.startBytes(i))
                    .as("%s", ranges)
                    .isTrue();
            covered.set((int) ranges.startBytes(i), (int) ranges.endBytes(i));
        }
        return covered;
    }

    private static int runs(BitSet set) {
        int runs = 0;
        for (int at = set.nextSetBit(0); at >= 0; at = set.nextSetBit(set.nextClearBit(at))) {
            runs++;
        }
        return runs;
    }

    @Example
    void theSmallestGapIsTakenIn() {
        UnforcedRanges ranges = new UnforcedRanges();
        for (long start : new long[] {0, 1_000, 1_500, 5_000, 9_000}) {
            ranges.add(start, 100);
        }
        assertThat(ranges).hasToString("unforced 0-100 1000-1600 5000-5100 9000-9100");
        ranges.add(9_100, 1);
        ranges.add(5_050, 4_000);
        assertThat(ranges).hasToString("unforced 0-100 1000-1600 5000-9101");
    }

    @Example
    void clearedAreEmpty() {
        UnforcedRanges ranges = new UnforcedRanges();
        ranges.add(10, 10);
        ranges.clear();
        assertThat(ranges.count()).isZero();
        ranges.add(15, 2);
        assertThat(ranges).hasToString("unforced 15-17");
    }

    /** Where a pool has terabytes. */
    @Example
    void offsetsAreLong() {
        UnforcedRanges ranges = new UnforcedRanges();
        ranges.add(1L << 50, 1L << 40);
        ranges.add((1L << 50) + (1L << 40), 4096);
        assertThat(ranges.count()).isEqualTo(1);
        assertThat(ranges.endBytes(0)).isEqualTo((1L << 50) + (1L << 40) + 4096);
    }
}
