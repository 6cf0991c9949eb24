package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.load.Endpoint;
import io.blkspc.bench.load.LoadSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The load tool that everybody knows, for random reads or writes of one connection. It takes more time for a request than some servers. */
final class Fio {

    private static final int READ_RATE_FIELD = 7; // of its terse output, version 3
    private static final int WRITE_RATE_FIELD = 48;

    private Fio() {}

    /** Why it cannot drive NBD servers here. */
    static Optional<String> missingNbd() {
        Optional<String> missing = Commands.missing(List.of("fio"));
        if (missing.isPresent()) {
            return missing;
        }
        try {
            boolean has = Commands.run("fio", "--enghelp")
                    .lines()
                    .anyMatch(line -> line.strip().equals("nbd"));
            return has ? Optional.empty() : Optional.of("fio was built without nbd");
        } catch (IOException e) {
            return Optional.of("fio does not tell what it can: " + e.getMessage());
        }
    }

    /** Drives an export. */
    static Sample nbd(ServerProcess server, Endpoint endpoint, LoadSpec spec) throws IOException {
        String uri = "nbd+unix:///" + endpoint.export() + "?socket=" + endpoint.socket();
        long before = server.cpuNanos();
        double rate = run(words(spec, "--ioengine=nbd", "--uri=" + uri), spec);
        double requests = rate * spec.millis() / 1e3;
        return new Sample(rate, (server.cpuNanos() - before) / 1e3 / Math.max(1, requests), 0, 0, 0);
    }

    /** Its command line for a load, without a program before it. */
    static List<String> words(LoadSpec spec, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "fio",
                "--name=load",
                spec.readPercent() == 100 ? "--rw=randread" : "--rw=randwrite",
                "--bs=" + spec.blockBytes(),
                "--iodepth=" + spec.depth(),
                "--size=" + spec.rangeBytes(),
                "--randrepeat=0",
                "--time_based",
                String.format(Locale.ROOT, "--runtime=%dms", spec.millis()),
                "--output-format=terse",
                "--terse-version=3"));
        words.addAll(List.of(more));
        return words;
    }

    /** Runs such a command; requests a second. */
    static double run(List<String> command, LoadSpec spec) throws IOException {
        String terse = Commands.run(command);
        String[] fields = terse.strip().split(";", -1);
        if (fields.length <= WRITE_RATE_FIELD) {
            throw new IOException("fio said something else: output=" + terse.strip());
        }
        return Double.parseDouble(fields[spec.readPercent() == 100 ? READ_RATE_FIELD : WRITE_RATE_FIELD]);
    }
}
