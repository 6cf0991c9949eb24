package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Pinning;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.Product;
import io.blkspc.bench.own.Figure;
import io.blkspc.bench.own.OwnBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The whole comparison, from an empty directory to a table. */
public final class PeersBench {

    private static final String BY_FIO = "loads by fio";

    private PeersBench() {}

    /**
     * Compares.
     *
     * @param progress takes a few words before each run
     * @throws IllegalArgumentException when a workload is named that there is not
     * @throws IOException when blkspc itself failed; who else fails is left out and named
     */
    public static Results run(Options options, Product product, Consumer<String> progress) throws IOException {
        List<Workload> workloads = chosen(options);
        Pinning pinning = Pinning.ofThisMachine();
        Map<String, String> skipped = new LinkedHashMap<>();
        List<Row> rows = new ArrayList<>();
        try {
            progress.accept("preparing");
            Place place = Place.make(options.directory(), options.bytes(), pinning);
            Map<String, Peer> peers = peers(place, product, skipped);
            Fio.missingNbd().ifPresent(reason -> skipped.put(BY_FIO, reason));
            Map<String, String> machine = Machine.facts(place, options, peers.values());
            pinning.pinClient();
            try (Comparison comparison = new Comparison(peers, options, progress, skipped)) {
                for (Workload workload : workloads) {
                    if (!workload.isByFio() || !skipped.containsKey(BY_FIO)) {
                        rows.addAll(comparison.run(workload));
                    }
                }
            }
            List<Figure> figures =
                    new OwnBench(place, product, options.extents(), options.rounds(), progress).run(groups(options));
            machine.put("load average at the end", Machine.loadAverage());
            return new Results(machine, rows, figures, skipped, plots(options, workloads, rows, skipped));
        } finally {
            Place.strike(options.directory());
        }
    }

    private static List<Workload> chosen(Options options) {
        List<Workload> all = Workload.all(options.bytes());
        List<String> known = Stream.concat(all.stream().map(Workload::id), OwnBench.GROUPS.stream())
                .toList();
        for (String id : options.only()) {
            if (!known.contains(id)) {
                throw new IllegalArgumentException("no such workload: value=" + id + ", known=" + known);
            }
        }
        return all.stream()
                .filter(workload -> options.only().isEmpty() || options.only().contains(workload.id()))
                .toList();
    }

    private static Set<String> groups(Options options) {
        return OwnBench.GROUPS.stream()
                .filter(group -> options.only().isEmpty() || options.only().contains(group))
                .collect(Collectors.toSet());
    }

    private static Map<String, Peer> peers(Place place, Product product, Map<String, String> skipped) {
        Map<String, Peer> peers = new LinkedHashMap<>();
        peers.put(Blkspc.NAME, new Blkspc(place, product));
        for (Peer peer : new Peers(place).all()) {
            peers.put(peer.name(), peer);
            peer.missing().ifPresent(reason -> skipped.put(peer.name(), reason));
        }
        return peers;
    }

    private static List<String> plots(
            Options options, List<Workload> workloads, List<Row> rows, Map<String, String> skipped) throws IOException {
        if (options.plots() == null) {
            return List.of();
        }
        if (Plot.missing().isPresent()) {
            skipped.put("plots", Plot.missing().get());
            return List.of();
        }
        Files.createDirectories(options.plots());
        List<String> plots = new ArrayList<>();
        for (Workload workload : workloads) {
            List<Row> own = rows.stream()
                    .filter(row -> row.workload().id().equals(workload.id()))
                    .toList();
            if (!own.isEmpty()) {
                Path plot = Plot.draw(own, options.plots());
                plots.add(plot.toString());
            }
        }
        return plots;
    }
}
