package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The real server, {@code blkspc serve}, in a process of its own. One thread uses it. */
final class ServerProcess implements Endpoint {

    /** A recovery may take a while on a busy machine; longer than this is a hang. */
    private static final Duration START_LIMIT = Duration.ofSeconds(90);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final Path pool;
    private final List<String> options;
    private Process process;
    private Exec.Capture out;
    private Exec.Capture err;

    ServerProcess(Path pool, String... options) {
        this.pool = pool;
        this.options = List.of(options);
    }

    /** Starts the process and does not wait for anything. */
    void launch() {
        launchUnder(List.of());
    }

    /** As {@link #launch}, as the child of a tracer with these words. */
    void launchUnder(List<String> tracer) {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException("server runs already: pid=" + process.pid());
        }
        List<String> words = new ArrayList<>(List.of("serve", "-p", pool.toString()));
        words.addAll(options);
        try {
            List<String> command = new ArrayList<>(tracer);
            command.addAll(Blkspc.command(words));
            process = new ProcessBuilder(command).start();
            RUNNING.add(process);
            out = Exec.Capture.of(process.getInputStream());
            err = Exec.Capture.of(process.getErrorStream());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void start() {
        launch();
        if (!awaitReadyOrDead()) {
            throw new AssertionError("server did not become ready: exit=" + process.exitValue() + "\n" + printed());
        }
    }

    /** Returns whether it accepts connections; {@code false} when it died first. */
    boolean awaitReadyOrDead() {
        boolean isDecided = Await.within(
                START_LIMIT, () -> !process.isAlive() || out.soFar().contains("ready nbd+unix:"));
        if (!isDecided) {
            throw stuck("server became neither ready nor dead: limit=" + START_LIMIT);
        }
        return process.isAlive();
    }

    @Override
    public void killHard() {
        // Under a tracer the server is the child, and it would go on if only its tracer died.
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        awaitExit(Duration.ofSeconds(10));
    }

    /** SIGTERM and nothing else; {@link #awaitExit} tells the rest. */
    void terminate() {
        process.destroy();
    }

    /** SIGTERM; fails the test unless the server then exits with 0 in time. */
    void stopCleanly() {
        terminate();
        int exit = awaitExit(STOP_LIMIT);
        if (exit != 0) {
            throw new AssertionError("server did not stop cleanly: exit=" + exit + "\n" + printed());
        }
    }

    int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw stuck("server does not exit: limit=" + limit);
            }
            RUNNING.remove(process);
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    /** A failure with the stacks of all threads of the server, which SIGQUIT makes it print. */
    private AssertionError stuck(String what) {
        Exec.run("kill", "-QUIT", Long.toString(traced().pid()));
        Await.within(Duration.ofSeconds(3), () -> out.soFar().contains("Heap"));
        return new AssertionError(what + "\n" + printed());
    }

    /** The server itself, where a tracer is between it and us. */
    ProcessHandle traced() {
        return process.descendants().findFirst().orElse(process.toHandle());
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** Everything the server printed since it was started. */
    String printed() {
        return "--- stdout\n" + out.soFar() + "\n--- stderr\n" + err.soFar();
    }

    /** The line that says where it listens. */
    String readyLine() {
        return Arrays.stream(out.soFar().split("\n", -1))
                .filter(line -> line.startsWith("ready "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no ready line\n" + printed()));
    }

    /** Contents of every volume and snapshot, by name. */
    Map<String, ByteBuffer> contents() throws IOException {
        Map<String, ByteBuffer> contents = new TreeMap<>();
        try (ControlSocket control = ControlSocket.of(pool)) {
            for (Object each : (List<?>) control.request("list", Map.of())) {
                String name = (String) ((Map<?, ?>) each).get("name");
                try (NbdConnection connection = connect(name)) {
                    contents.put(name, connection.read(0, Math.toIntExact(connection.sizeBytes())));
                }
            }
        }
        return contents;
    }

    @Override
    public Path socket() {
        String ready = out == null ? "" : out.soFar();
        int at = ready.indexOf("?socket=");
        return at < 0
                ? pool.resolve("nbd.sock")
                : Path.of(ready.substring(at + "?socket=".length()).split("\\s", 2)[0]);
    }

    /** Leaves no process behind, whatever state it is in. */
    @Override
    public void close() {
        if (isAlive()) {
            killHard();
        }
    }
}
