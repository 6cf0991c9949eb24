package io.blkspc.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class HistogramTest {

    @Property(tries = 200)
    void percentileIsAtMostOnePartInThirtyTwoTooLong(
            @ForAll @Size(min = 1, max = 300) List<@LongRange(max = 1L << 50) Long> durations,
            @ForAll @DoubleRange(min = 0.5, max = 100) double percent) {
        Histogram histogram = new Histogram();
        for (long duration : durations) {
            histogram.add(duration);
        }
        long[] sorted = durations.stream().mapToLong(Long::longValue).sorted().toArray();
        long exact = sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100) - 1)];

        assertThat(histogram.percentile(percent)).isBetween(exact, exact + exact / 32);
        assertThat(histogram.max()).isEqualTo(sorted[sorted.length - 1]);
        assertThat(histogram.total()).isEqualTo(sorted.length);
    }

    @Test
    void emptyOneTellsZero() {
        assertThat(new Histogram().percentile(99)).isZero();
    }

    @Test
    void sumOfTwoIsWhatOneWouldHaveCounted() {
        Histogram first = new Histogram();
        Histogram second = new Histogram();
        Histogram both = new Histogram();
        for (int i = 0; i < 1000; i++) {
            (i % 3 == 0 ? first : second).add(i * 1000L);
            both.add(i * 1000L);
        }
        first.add(second);
        assertThat(first.percentile(37)).isEqualTo(both.percentile(37));
        assertThat(first.max()).isEqualTo(both.max());
        assertThat(first.total()).isEqualTo(1000);
    }
}
