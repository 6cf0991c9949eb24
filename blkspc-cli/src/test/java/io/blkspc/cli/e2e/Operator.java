package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Gives random management commands, one after the other, until the server is gone, and knows afterwards which versions must
 * exist, which must not, and which one command was left without an answer.
 */
final class Operator {

    private final History history;
    private final VolumeOracle first;
    private final VolumeOracle second;
    private final Random random;
    /** Versions that exist for certain, with their judges. */
    private final Map<String, VolumeOracle> existing = new TreeMap<>();

    /** Versions of the command that got no answer: all of them changed, or none. */
    private final Map<String, CloneWindow> unanswered = new HashMap<>();

    private final Set<String> unansweredDestroy = new TreeSet<>();
    private Thread thread;
    private volatile Throwable failure;
    private int made;
    private int answered;

    Operator(History history, VolumeOracle first, VolumeOracle second, long seed) {
        this.history = history;
        this.first = first;
        this.second = second;
        random = new Random(seed);
    }

    void start(Path pool) {
        thread = Thread.ofPlatform().daemon().name("e2e-operator").start(() -> run(pool));
    }

    /** To be called after the server was killed. */
    void awaitServerDeath() {
        Await.until("the operator to notice", Exec.LIMIT, () -> !thread.isAlive());
        if (failure != null) {
            throw new AssertionError("a management command failed", failure);
        }
    }

    int answered() {
        return answered;
    }

    /**
     * Compares with what the restarted server lists, settles the unanswered command by it, and gives the judges of all
     * versions but the two origins.
     */
    List<VolumeOracle> settle(Set<String> listed) {
        Set<String> others = new TreeSet<>(listed);
        others.removeAll(Set.of(first.name(), second.name()));
        boolean isMade = unanswered.keySet().stream().anyMatch(others::contains);
        unanswered.forEach((name, window) -> {
            VolumeOracle oracle = window.end();
            if (isMade) {
                existing.put(name, oracle);
            }
        });
        if (unansweredDestroy.stream().noneMatch(others::contains)) {
            existing.keySet().removeAll(unansweredDestroy);
        }
        unanswered.clear();
        unansweredDestroy.clear();
        if (!others.equals(existing.keySet())) {
            throw new AssertionError(
                    "wrong versions after the restart: expected=" + existing.keySet() + ", found=" + others);
        }
        return List.copyOf(existing.values());
    }

    private void run(Path pool) {
        try (ControlSocket control = ControlSocket.of(pool)) {
            while (true) {
                one(control);
                answered++;
            }
        } catch (IOException gone) {
            // Killed on purpose; what it did last stays in the sets of the unanswered.
        } catch (RuntimeException | Error broken) {
            failure = broken;
        }
    }

    private void one(ControlSocket control) throws IOException {
        made++;
        int dice = random.nextInt(100);
        if (existing.size() > 12 || (dice < 35 && !existing.isEmpty())) {
            destroy(control);
        } else if (dice < 60) {
            snapshot(control, List.of(first, second), "group" + made);
        } else if (dice < 75) {
            snapshot(control, List.of(first), "snap" + made);
        } else {
            cloneLive(control, random.nextBoolean() ? first : second);
        }
    }

    private void snapshot(ControlSocket control, List<VolumeOracle> origins, String snapshot) throws IOException {
        for (VolumeOracle origin : origins) {
            String name = origin.name() + "@" + snapshot;
            unanswered.put(name, history.beginClone(origin, name));
        }
        control.request("snapshot", Map.of("names", new ArrayList<>(unanswered.keySet())));
        succeeded();
    }

    private void cloneLive(ControlSocket control, VolumeOracle origin) throws IOException {
        for (String name : List.of("clone" + made + "a", "clone" + made + "b")) {
            unanswered.put(name, history.beginClone(origin, name));
        }
        control.request("clone", Map.of("source", origin.name(), "targets", new ArrayList<>(unanswered.keySet())));
        succeeded();
    }

    private void succeeded() {
        unanswered.forEach((name, window) -> existing.put(name, window.end()));
        unanswered.clear();
    }

    private void destroy(ControlSocket control) throws IOException {
        List<String> names = new ArrayList<>(existing.keySet());
        unansweredDestroy.add(names.get(random.nextInt(names.size())));
        unansweredDestroy.add(names.get(random.nextInt(names.size())));
        control.request(
                "destroy",
                Map.of("names", new ArrayList<>(unansweredDestroy), "force", false, "wait", random.nextBoolean()));
        existing.keySet().removeAll(unansweredDestroy);
        unansweredDestroy.clear();
    }
}
