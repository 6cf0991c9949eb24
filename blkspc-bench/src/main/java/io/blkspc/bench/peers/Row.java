package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Spread;
import io.blkspc.bench.peers.Workload.Rival;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * One workload against one other, over all rounds.
 *
 * @param workload what was asked
 * @param rival of whom
 * @param ours blkspc's runs, one for each round
 * @param theirs the other's, of the same rounds
 */
record Row(Workload workload, Rival rival, List<Sample> ours, List<Sample> theirs) {

    Row {
        ours = List.copyOf(ours);
        theirs = List.copyOf(theirs);
    }

    /** Name of the other; blkspc itself with what it served. */
    String against() {
        return rival.peer().equals(Blkspc.NAME)
                ? "blkspc, " + rival.kind().name().toLowerCase(Locale.ROOT)
                : rival.peer();
    }

    /** Our rate divided by theirs, round by round. */
    Spread rateRatio() {
        return ratio(Sample::rate);
    }

    /** Our server's processor time for each request divided by theirs; all zeros where it is not known. */
    Spread cpuRatio() {
        return ratio(Sample::serverMicros);
    }

    Spread our(ToDoubleFunction<Sample> figure) {
        return Spread.of(ours.stream().mapToDouble(figure).toArray());
    }

    Spread their(ToDoubleFunction<Sample> figure) {
        return Spread.of(theirs.stream().mapToDouble(figure).toArray());
    }

    private Spread ratio(ToDoubleFunction<Sample> figure) {
        double[] ratios = new double[ours.size()];
        for (int i = 0; i < ratios.length; i++) {
            double other = figure.applyAsDouble(theirs.get(i));
            ratios[i] = other > 0 ? figure.applyAsDouble(ours.get(i)) / other : 0;
        }
        return Spread.of(ratios);
    }

    Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("workload", workload.id());
        facts.put("title", workload.title());
        facts.put("against", against());
        facts.put("rounds", ours.size());
        facts.put("rateRatio", rateRatio().facts());
        facts.put("cpuRatio", cpuRatio().facts());
        facts.put("rateMust", rival.rate().must());
        facts.put("rateAim", rival.rate().aim());
        facts.put("cpuMust", rival.cpu().must());
        facts.put("cpuAim", rival.cpu().aim());
        facts.put("blkspc", figures(true));
        facts.put("other", figures(false));
        return facts;
    }

    private Map<String, Object> figures(boolean own) {
        Map<String, Object> figures = new LinkedHashMap<>();
        Map<String, ToDoubleFunction<Sample>> all = new LinkedHashMap<>();
        all.put("rate", Sample::rate);
        all.put("serverMicros", Sample::serverMicros);
        all.put("clientMicros", Sample::clientMicros);
        all.put("medianMicros", Sample::medianMicros);
        all.put("tailMicros", Sample::tailMicros);
        all.forEach((name, figure) -> figures.put(name, (own ? our(figure) : their(figure)).facts()));
        return figures;
    }
}
