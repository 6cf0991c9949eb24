package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Spread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One picture for each workload, drawn by gnuplot: the median rate of everybody, and from the least to the greatest. */
final class Plot {

    private static final int BAR_PIXELS = 34;
    private static final int FRAME_PIXELS = 110;

    private Plot() {}

    static Optional<String> missing() {
        return Commands.missing(List.of("gnuplot"));
    }

    /** Draws what belongs to one workload and returns the file. */
    static Path draw(List<Row> rows, Path directory) throws IOException {
        Workload workload = rows.getFirst().workload();
        Path picture = directory.resolve(workload.id() + ".svg");
        Path script = directory.resolve(workload.id() + ".gnuplot");
        Files.writeString(script, script(workload, rows, picture));
        Commands.run("gnuplot", script.toString());
        return picture;
    }

    private static String script(Workload workload, List<Row> rows, Path picture) {
        List<String> bars = new ArrayList<>();
        for (Row row : rows.reversed()) {
            bars.add(bar(row.against(), row.their(Sample::rate)));
        }
        bars.add(bar("blkspc", rows.getFirst().our(Sample::rate)));
        int height = FRAME_PIXELS + BAR_PIXELS * bars.size();
        return """
                $rates << END
                %s
                END
                set terminal svg size 800,%d dynamic font "sans,13" background "#ffffff"
                set output "%s"
                set title "%s"
                set xlabel "requests a second: median, from the least to the greatest"
                set xrange [0:*]
                set yrange [-0.6:%d.6]
                set format x "%%'.0f"
                set grid x
                unset key
                set style fill solid 0.5
                plot $rates using 2:0:(0):2:($0-0.35):($0+0.35):ytic(1) with boxxyerror lc rgb "#4c78a8", \
                  $rates using 2:0:3:4 with xerrorbars pt 0 lc rgb "#222222"
                """.formatted(String.join("\n", bars), height, picture, workload.title(), bars.size() - 1);
    }

    private static String bar(String name, Spread rate) {
        return String.format(Locale.ROOT, "\"%s\" %f %f %f", name, rate.median(), rate.min(), rate.max());
    }
}
