package io.blkspc.bench.peers;

import io.blkspc.bench.own.Figure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a comparison came to, for people and for programs. */
public final class Results {

    private final Map<String, String> machine;
    private final List<Row> rows;
    private final List<Figure> figures;
    private final Map<String, String> skipped;
    private final List<String> plots;

    Results(
            Map<String, String> machine,
            List<Row> rows,
            List<Figure> figures,
            Map<String, String> skipped,
            List<String> plots) {
        this.machine = machine;
        this.rows = rows;
        this.figures = figures;
        this.skipped = skipped;
        this.plots = plots;
    }

    /** The machine, the programs and how it was measured, by name. */
    public Map<String, String> machine() {
        return machine;
    }

    /** Who did not take part, and why. */
    public Map<String, String> skipped() {
        return skipped;
    }

    /** The pictures that were drawn. */
    public List<String> plots() {
        return plots;
    }

    /** What is held against limits, not against others. */
    public List<Figure> figures() {
        return figures;
    }

    /** Headings of {@link #table}; {@code >} in front of those aligned to the right. */
    public static List<String> headings() {
        return List.of(
                "workload",
                "against",
                ">req/s",
                ">its req/s",
                ">ratio (min-max)",
                ">must / aim",
                "",
                ">CPU us",
                ">its",
                ">CPU ratio (min-max)",
                ">must / aim",
                "");
    }

    /** One row of words for each workload and other. */
    public List<List<String>> table() {
        List<List<String>> table = new ArrayList<>();
        for (Row row : rows) {
            boolean hasCpu = row.their(Sample::serverMicros).median() > 0;
            table.add(List.of(
                    row.workload().id(),
                    row.against(),
                    whole(row.our(Sample::rate).median()),
                    whole(row.their(Sample::rate).median()),
                    row.rateRatio().toString(),
                    row.rival().rate().toString(),
                    row.rival().rate().verdict(row.rateRatio().median(), true),
                    micros(row.our(Sample::serverMicros).median()),
                    hasCpu ? micros(row.their(Sample::serverMicros).median()) : "",
                    hasCpu ? row.cpuRatio().toString() : "",
                    row.rival().cpu().toString(),
                    row.rival().cpu().verdict(row.cpuRatio().median(), false)));
        }
        return table;
    }

    /** Everything, as plain maps, lists, numbers and strings. */
    public Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("machine", machine);
        facts.put("rows", rows.stream().map(Row::facts).toList());
        facts.put("figures", figures.stream().map(Figure::facts).toList());
        facts.put("skipped", skipped);
        facts.put("plots", plots);
        return facts;
    }

    private static String whole(double figure) {
        return String.format(Locale.ROOT, "%,.0f", figure);
    }

    private static String micros(double figure) {
        return String.format(Locale.ROOT, figure < 100 ? "%.2f" : "%.0f", figure);
    }
}
