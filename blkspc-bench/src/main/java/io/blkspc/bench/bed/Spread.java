package io.blkspc.bench.bed;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/**
 * A handful of figures that should be the same one.
 *
 * @param min the least
 * @param median the middle one, or the mean of the two in the middle
 * @param max the greatest
 */
public record Spread(double min, double median, double max) {

    public static Spread of(double... figures) {
        if (figures.length == 0) {
            throw new IllegalArgumentException("no figures");
        }
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        return new Spread(sorted[0], median, sorted[sorted.length - 1]);
    }

    public Map<String, Object> facts() {
        return Map.of("min", min, "median", median, "max", max);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f (%.2f-%.2f)", median, min, max);
    }
}
