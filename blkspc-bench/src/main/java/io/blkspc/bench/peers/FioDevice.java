package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.load.LoadSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The disk itself: fio reads a file on it around the page cache, without any server. */
record FioDevice(String name, Place place) implements Peer {

    private static final int READ_RATE_FIELD = 7; // of fio's terse output, version 3

    @Override
    public Optional<String> missing() {
        return Commands.missing(List.of("fio"));
    }

    @Override
    public List<String> versionCommand() {
        return List.of("fio", "--version");
    }

    @Override
    public Target open(Kind kind) throws IOException {
        Path home = place.fresh(name);
        Path disk = Files.copy(place.base(), home.resolve("disk.raw"));
        Commands.run("sync", disk.toString());
        return new Target() {
            @Override
            public Sample run(LoadSpec spec) throws IOException {
                String terse = Commands.run(place.pinning().ofServer(command(disk, spec)));
                String[] fields = terse.strip().split(";", -1);
                if (fields.length <= READ_RATE_FIELD) {
                    throw new IOException("fio said something else: output=" + terse.strip());
                }
                return new Sample(Double.parseDouble(fields[READ_RATE_FIELD]), 0, 0, 0, 0);
            }

            @Override
            public void close() throws IOException {
                Place.strike(home);
            }
        };
    }

    private static List<String> command(Path disk, LoadSpec spec) {
        return List.of(
                "fio",
                "--name=device",
                "--filename=" + disk,
                "--readonly",
                "--rw=randread",
                "--direct=1",
                "--ioengine=libaio",
                "--bs=" + spec.blockBytes(),
                "--iodepth=" + spec.depth(),
                "--size=" + spec.rangeBytes(),
                "--time_based",
                String.format(Locale.ROOT, "--runtime=%dms", spec.millis()),
                "--output-format=terse",
                "--terse-version=3");
    }
}
