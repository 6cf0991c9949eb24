package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server dies at the n-th write or force of a recovery, a checkpoint, a clone, a destroy or a clean stop, for one n after
 * the other until the work gets done. Each time it opens without an operator, every replied write is there, the command
 * happened or not, and the checker finds nothing.
 */
@Timeout(28_800)
class KillSweepTest {

    private static final int CYCLES = KillCycles.count(5, 3_000);
    private static final List<String> CALLS = List.of("pwritev2", "fdatasync", "msync");
    private static final int FIRST_PLACES = 2;
    private static final int CHECK_EVERY = 5;
    private static final long VOLUME_BYTES = 4 << 20;
    private static final Duration LOAD_LIMIT = Duration.ofSeconds(15);

    /** What the server is doing when it dies. */
    enum Moment {
        RECOVERY,
        CHECKPOINT,
        CLONE,
        DESTROY,
        STOP
    }

    /** The call that is counted, and its number; the next one after each death, back to the first when none died. */
    private static final class Sweep {

        private String call = CALLS.getFirst();
        private int place;

        private Sweep(int place) {
            this.place = place;
        }

        private String injection() {
            return call + ":signal=KILL:when=" + place;
        }

        private void next(boolean isDead) {
            if (isDead) {
                place++;
            } else {
                place = 1;
                call = CALLS.get((CALLS.indexOf(call) + 1) % CALLS.size());
            }
        }
    }

    @TempDir
    private Path directory;

    private final long seed = Seeds.of(KillSweepTest.class);
    private final Random random = new Random(seed);
    private final History history = new History();
    private final Map<String, VolumeOracle> volumes = new TreeMap<>();
    private final Set<String> answered = new TreeSet<>();
    private TestPool pool;
    private int made;

    @Test
    void dyingAnywhereInRecoveryCheckpointCloneDestroyOrStopLosesNothing() throws IOException {
        Strace.require();
        List<Moment> moments = List.of(Moment.values());
        Map<Moment, Sweep> sweeps = new EnumMap<>(Moment.class);
        Map<Moment, Integer> deaths = new EnumMap<>(Moment.class);
        try (TestPool testPool = TestPool.serving(directory.resolve("pool"), "64M")) {
            pool = testPool;
            KillCycles kill = new KillCycles(pool.server(), history, seed);
            for (String name : List.of("one", "two")) {
                volumes.put(name, pool.volume(history, name, VOLUME_BYTES));
            }
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                Moment moment = moments.get(cycle % moments.size());
                Sweep sweep = sweeps.computeIfAbsent(moment, each -> new Sweep(1 + random.nextInt(FIRST_PLACES)));
                String injection = sweep.injection();
                load(Duration.ofMillis(100 + random.nextInt(200)));
                Set<String> before = new TreeSet<>(volumes.keySet());
                boolean isDead = die(moment, injection);
                pool.server().killHard();
                history.serverDied();
                sweep.next(isDead);
                deaths.merge(moment, isDead ? 1 : 0, Integer::sum);
                try {
                    if (cycle % CHECK_EVERY == CHECK_EVERY - 1) {
                        pool.command().ok("pool", "check");
                    }
                    pool.server().start();
                    settleNames(before);
                    kill.verify(List.copyOf(volumes.values()));
                } catch (AssertionError wrong) {
                    throw new AssertionError("died in " + moment + " at " + injection + ", seed=" + seed, wrong);
                }
            }
        }
        System.out.println("KillSweepTest cycles=" + CYCLES + " deaths=" + deaths);
        assertThat(deaths.values().stream().mapToInt(Integer::intValue).sum())
                .as("cycles in which the server died where it was told to")
                .isPositive();
    }

    private void load(Duration time) throws IOException {
        List<Load> loads = new ArrayList<>();
        for (String name : List.of("one", "two")) {
            loads.add(Load.start(pool.server().connect(name), history, volumes.get(name), random.nextLong()));
        }
        Await.pause(time.toMillis());
        for (Load load : loads) {
            load.stop();
        }
    }

    /** Returns whether the server died of what was injected. */
    private boolean die(Moment moment, String injection) throws IOException {
        ServerProcess server = pool.server();
        switch (moment) {
            case RECOVERY -> {
                server.killHard();
                server.launchUnder(Strace.words(injection));
                return !server.awaitReadyOrDead();
            }
            case CHECKPOINT -> {
                Path segments = pool.directory().resolve("segments");
                try (Strace _ = Strace.attach(server.pid(), injection, segments)) {
                    return dieUnderLoad();
                }
            }
            case CLONE -> {
                List<String> names = List.of("clone" + ++made, "twin" + made);
                List<CloneWindow> windows = names.stream()
                        .map(name -> history.beginClone(volumes.get("one"), name))
                        .toList();
                boolean isDead = command(injection, "clone", Map.of("source", "one", "targets", names));
                for (int i = 0; i < names.size(); i++) {
                    volumes.put(names.get(i), windows.get(i).end());
                }
                return isDead;
            }
            case DESTROY -> {
                List<String> names = volumes.keySet().stream()
                        .filter(name -> name.startsWith("clone") || name.startsWith("twin"))
                        .limit(2)
                        .toList();
                if (names.isEmpty()) {
                    return false;
                }
                return command(injection, "destroy", Map.of("names", names, "force", false, "wait", true));
            }
            case STOP -> {
                try (Strace _ = Strace.attach(server.pid(), injection)) {
                    server.terminate();
                    return server.awaitExit(Duration.ofSeconds(40)) != 0;
                }
            }
        }
        throw new AssertionError(moment);
    }

    private boolean command(String injection, String operation, Map<String, Object> arguments) throws IOException {
        try (ControlSocket control = ControlSocket.of(pool.directory());
                Strace _ = Strace.attach(pool.server().pid(), injection)) {
            control.request(operation, arguments);
            answered.add(operation);
            return false;
        } catch (IOException gone) {
            return Await.within(Duration.ofSeconds(10), () -> !pool.server().isAlive());
        }
    }

    private boolean dieUnderLoad() throws IOException {
        List<Load> loads = new ArrayList<>();
        for (String name : List.of("one", "two")) {
            loads.add(Load.start(pool.server().connect(name), history, volumes.get(name), random.nextLong()));
        }
        boolean isDead = Await.within(LOAD_LIMIT, () -> !pool.server().isAlive());
        pool.server().killHard();
        for (Load load : loads) {
            load.awaitServerDeath();
        }
        return isDead;
    }

    /** What a command was about is there or not, all of it alike, and as answered if there was an answer. */
    private void settleNames(Set<String> before) throws IOException {
        Set<String> listed = ((List<?>) pool.request("list", Map.of()))
                .stream().map(each -> (String) ((Map<?, ?>) each).get("name")).collect(Collectors.toSet());
        Set<String> begun = new TreeSet<>(volumes.keySet());
        begun.removeAll(before);
        Set<String> missing = new TreeSet<>(volumes.keySet());
        missing.removeAll(listed);
        if (!begun.isEmpty()) {
            assertThat(missing).as("clones that are not there").isIn(Set.of(), begun);
        } else {
            assertThat(missing.size()).as("volumes that are gone: %s", missing).isIn(0, 2);
        }
        if (answered.remove("clone")) {
            assertThat(missing).as("clones that were answered").isEmpty();
        }
        if (answered.remove("destroy")) {
            assertThat(missing).as("what was answered to be destroyed").hasSize(2);
        }
        assertThat(missing).doesNotContain("one", "two");
        volumes.keySet().retainAll(listed);
        assertThat(listed).isEqualTo(volumes.keySet());
    }
}
