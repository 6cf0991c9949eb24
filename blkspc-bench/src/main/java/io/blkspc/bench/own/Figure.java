package io.blkspc.bench.own;

import io.blkspc.bench.bed.Goal;
import io.blkspc.bench.bed.Spread;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Something measured several times. The smaller the better, all of them.
 *
 * @param group what it was measured with, the name that chooses it
 * @param title in words
 * @param unit of the figures; empty for a ratio
 * @param spread of the figures
 * @param goal the most that is good enough, and what is hoped for
 */
public record Figure(String group, String title, String unit, Spread spread, Goal goal) {

    static Figure of(String group, String title, String unit, Goal goal, double... figures) {
        return new Figure(group, title, unit, Spread.of(figures), goal);
    }

    /** Headings of {@link #row}; {@code >} in front of those aligned to the right. */
    public static List<String> headings() {
        return List.of("figure", "", ">median (min-max)", "", ">must / aim", "");
    }

    /** As words. */
    public List<String> row() {
        String figures = String.format(
                Locale.ROOT, "%s (%s-%s)", words(spread.median()), words(spread.min()), words(spread.max()));
        return List.of(
                group,
                title,
                figures,
                unit,
                goal.isSet() ? words(goal.must()) + " / " + words(goal.aim()) : "",
                goal.verdict(spread.median(), false));
    }

    /** Three digits that count. */
    private static String words(double figure) {
        String format = figure >= 100 ? "%,.0f" : figure >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, figure);
    }

    /** As plain maps, numbers and strings. */
    public Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("figure", group);
        facts.put("title", title);
        facts.put("unit", unit);
        facts.put("median", spread.median());
        facts.put("min", spread.min());
        facts.put("max", spread.max());
        facts.put("must", goal.must());
        facts.put("aim", goal.aim());
        return facts;
    }
}
