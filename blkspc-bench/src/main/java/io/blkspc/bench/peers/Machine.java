package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What a figure means nothing without. */
final class Machine {

    private Machine() {}

    static Map<String, String> facts(Place place, Options options, Collection<Peer> peers) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " seen");
        facts.put("kernel", System.getProperty("os.version"));
        facts.put("file system", Files.getFileStore(place.directory()).type());
        facts.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
        facts.put("pinned", place.pinning().toString());
        facts.put("disks", place.bytes() / (1 << 20) + " MiB each");
        facts.put("rounds", options.rounds() + " x " + options.millis() + " ms, everybody in turn");
        facts.put("load average before", loadAverage());
        for (Peer peer : peers) {
            if (peer.missing().isEmpty() && !peer.versionCommand().isEmpty()) {
                facts.put(peer.name(), version(peer));
            }
        }
        return facts;
    }

    /** Of one, five and fifteen minutes: whether the machine had other work. */
    static String loadAverage() throws IOException {
        String[] figures = Files.readString(Path.of("/proc/loadavg")).split(" ", -1);
        return figures[0] + " " + figures[1] + " " + figures[2];
    }

    private static String processor() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        }
    }

    private static String version(Peer peer) {
        try {
            return Commands.run(peer.versionCommand())
                    .strip()
                    .lines()
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return "unknown"; // a program that will not tell its version may still serve
        }
    }
}
