package io.blkspc.cli.command;

import io.blkspc.bench.bed.Product;
import io.blkspc.bench.own.Figure;
import io.blkspc.bench.peers.Options;
import io.blkspc.bench.peers.PeersBench;
import io.blkspc.bench.peers.Results;
import io.blkspc.cli.control.ThisProgram;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Progress;
import io.blkspc.cli.text.Sizes;
import io.blkspc.cli.text.Table;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench peers}. */
@Command(
        name = "peers",
        description = "Compare with other NBD servers on this machine: each is started on a copy of the same disk and "
                + "asked the same by one client, in turn, client and servers on processors of their own. Prints the "
                + "ratios, round by round, of rates and of the servers' processor time. Who is not installed is left "
                + "out and named. Takes some minutes.")
final class BenchPeersCommand extends Task {

    private static final long BLOCK = 1 << 20;

    @Option(names = "--quick", description = "3 rounds of 300 ms on 64M, for a first look")
    private boolean quick;

    @Option(names = "--rounds", paramLabel = "N", description = "rounds that count; default: 7")
    private Integer rounds;

    @Option(names = "--millis", paramLabel = "N", description = "length of each run; default: 1500")
    private Long millis;

    @Option(names = "--size", paramLabel = "S", description = "size of each disk, a power of two; default: 512M")
    private String size;

    @Option(
            names = "--extents",
            paramLabel = "N",
            description = "extents of the volume that is cloned and opened again; default: 1048576")
    private Long extents;

    @Option(
            names = "--only",
            paramLabel = "ID",
            split = ",",
            description = "these workloads and figures only, by the names in the tables")
    private List<String> only = List.of();

    @Option(names = "--plots", paramLabel = "DIR", description = "draw a picture for each workload, with gnuplot")
    private Path plots;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "where the disks go, a new directory in here; default: $TMPDIR")
    private Path directory;

    @Override
    public Integer call() throws Exception {
        Path parent = directory != null
                ? directory
                : Path.of(environment().variables().getOrDefault("TMPDIR", System.getProperty("java.io.tmpdir")));
        Options options = new Options(
                Files.createTempDirectory(parent, "blkspc-bench-").toAbsolutePath(),
                Sizes.parseWhole(size != null ? size : quick ? "64M" : "512M", BLOCK),
                rounds != null ? rounds : quick ? 3 : 7,
                millis != null ? millis : quick ? 300 : 1500,
                extents != null ? extents : quick ? 1 << 16 : 1 << 20,
                only,
                plots == null ? null : plots.toAbsolutePath());
        Product product = new Product(
                ThisProgram.words(),
                ThisProgram.shortWords(),
                pool -> ServedVolumes.enter(
                        environment().access(), environment().variables(), pool));
        Results results;
        try (Progress progress = progress("bench:")) {
            results = PeersBench.run(options, product, progress::say);
        }
        show(results.facts(), () -> text(results));
        return ExitCode.DONE;
    }

    private static String text(Results results) {
        StringBuilder text = new StringBuilder();
        results.machine()
                .forEach((name, facts) ->
                        text.append(name).append(": ").append(facts).append('\n'));
        append(text, Results.headings(), results.table());
        append(
                text,
                Figure.headings(),
                results.figures().stream().map(Figure::row).toList());
        results.skipped()
                .forEach((name, why) -> text.append("left out: ")
                        .append(name)
                        .append(": ")
                        .append(why)
                        .append('\n'));
        results.plots().forEach(plot -> text.append("drawn: ").append(plot).append('\n'));
        return text.toString();
    }

    private static void append(StringBuilder text, List<String> headings, List<List<String>> rows) {
        if (!rows.isEmpty()) {
            Table table = Table.of(headings.toArray(String[]::new));
            rows.forEach(row -> table.row(row.toArray(String[]::new)));
            text.append('\n').append(table);
        }
    }
}
