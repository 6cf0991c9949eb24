package io.blkspc.bench.peers;

import io.blkspc.bench.load.LoadSpec;
import io.blkspc.bench.peers.Workload.Rival;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Runs workloads. In each round everybody has one short run, in the opposite order every other time, so that a machine that
 * becomes slower or faster does so for all; the first round is not counted. Servers of disks that are written already go on
 * running between the rounds and the workloads.
 */
final class Comparison implements AutoCloseable {

    /** One who takes part in a workload. */
    private record Contender(Peer peer, Kind kind, List<Sample> samples) {}

    /** A compiler that learns as it runs needs so many requests, or so long where they are slow. */
    private static final long WARM_REQUESTS = 200_000;

    private static final int WARM_RUNS = 8;

    private final Map<String, Peer> peers;
    private final Options options;
    private final Consumer<String> progress;
    private final Map<String, String> skipped;
    private final Map<String, Target> standing = new HashMap<>();

    Comparison(Map<String, Peer> peers, Options options, Consumer<String> progress, Map<String, String> skipped) {
        this.peers = peers;
        this.options = options;
        this.progress = progress;
        this.skipped = skipped;
    }

    /** Runs all rounds of one workload. */
    List<Row> run(Workload workload) throws IOException {
        Contender own = new Contender(peers.get(Blkspc.NAME), workload.own(), new ArrayList<>());
        List<Contender> all = new ArrayList<>(List.of(own));
        Map<Rival, Contender> rivals = new HashMap<>();
        for (Rival rival : workload.rivals()) {
            Peer peer = peers.get(rival.peer());
            if (!skipped.containsKey(rival.peer())) {
                Contender contender = new Contender(peer, rival.kind(), new ArrayList<>());
                rivals.put(rival, contender);
                all.add(contender);
            }
        }
        for (int round = 0; round <= options.rounds(); round++) {
            for (Contender contender : round % 2 == 0 ? all : all.reversed()) {
                progress.accept(workload.id() + " " + round + "/" + options.rounds() + " " + contender.peer.name());
                once(workload, contender, round);
            }
        }
        List<Row> rows = new ArrayList<>();
        for (Rival rival : workload.rivals()) {
            if (rivals.containsKey(rival) && !skipped.containsKey(rival.peer())) {
                rows.add(new Row(workload, rival, own.samples, rivals.get(rival).samples));
            }
        }
        return rows;
    }

    private void once(Workload workload, Contender contender, int round) throws IOException {
        if (skipped.containsKey(contender.peer.name())) {
            return;
        }
        LoadSpec spec = workload.spec().lasting(options.millis(), round);
        try {
            if (round == 0) {
                warm(workload, contender, spec);
            } else {
                contender.samples.add(sample(workload, contender, spec));
            }
        } catch (IOException e) {
            if (contender.peer.name().equals(Blkspc.NAME)) {
                throw e;
            }
            skipped.put(
                    contender.peer.name(),
                    "failed: " + e.getMessage().lines().findFirst().orElse("")); // the others go on without it
        }
    }

    private void warm(Workload workload, Contender contender, LoadSpec spec) throws IOException {
        double requests = 0;
        int runs = contender.peer.name().equals(Blkspc.NAME) ? WARM_RUNS : 1; // the others are compiled
        for (int run = 0; run < runs && requests < WARM_REQUESTS; run++) {
            requests += sample(workload, contender, spec).rate() * options.millis() / 1e3;
        }
    }

    private Sample sample(Workload workload, Contender contender, LoadSpec spec) throws IOException {
        if (!workload.needsFresh(contender.kind)) {
            return run(workload, standing(contender), spec);
        }
        try (Target target = contender.peer.open(contender.kind)) {
            return run(workload, target, spec);
        }
    }

    private static Sample run(Workload workload, Target target, LoadSpec spec) throws IOException {
        return workload.isByFio() ? target.runByFio(spec) : target.run(spec);
    }

    private Target standing(Contender contender) throws IOException {
        String key = contender.peer.name() + " " + contender.kind;
        Target target = standing.get(key);
        if (target == null) {
            target = contender.peer.open(contender.kind);
            standing.put(key, target);
        }
        return target;
    }

    /** Ends every server. */
    @Override
    public void close() throws IOException {
        for (Target target : standing.values()) {
            target.close();
        }
        for (Peer peer : peers.values()) {
            peer.close();
        }
    }
}
