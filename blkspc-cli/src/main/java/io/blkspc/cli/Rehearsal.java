package io.blkspc.cli;

import io.blkspc.cli.command.Cli;
import io.blkspc.cli.command.Environment;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Does once what short commands do, on a pool of its own: without a server, and with one. The launcher has the JVM record this
 * (JEP 483), so that commands start with their classes loaded and linked. What is not rehearsed works as well, and starts slower.
 */
final class Rehearsal {

    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());

    private final Path directory;
    private int exitCode = ExitCode.DONE;

    private Rehearsal(Path directory) {
        this.directory = directory;
    }

    /**
     * Runs it.
     *
     * @param directory is there, and empty; what is left in it nobody needs
     * @return the exit code of the last command that failed, else {@link ExitCode#DONE}
     */
    static int in(Path directory) throws IOException, InterruptedException {
        Rehearsal rehearsal = new Rehearsal(directory);
        rehearsal.alone();
        rehearsal.served();
        return rehearsal.exitCode;
    }

    private void alone() {
        run("--version");
        run("--help");
        run("pool", "create", "--size", "64M");
        run("create", "--size", "16M", "disk");
        commands("alone");
        run("pool", "check");
    }

    private void served() throws IOException, InterruptedException {
        PipedInputStream said = new PipedInputStream();
        PipedOutputStream says = new PipedOutputStream(said);
        Thread server = Thread.ofPlatform().daemon().start(() -> {
            try (PrintStream out =
                    new PrintStream(says)) { // closed also where it never got ready, or the line were waited for
                runInto(out, "serve", "--unix", directory.resolve("nbd").toString());
            }
        });
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(said, StandardCharsets.UTF_8))) {
            if (lines.readLine() != null) {
                commands("served");
                run("stop");
            }
            server.join();
        }
    }

    /** Those that are typed most, with the most usual outputs. */
    private void commands(String name) {
        run("snapshot", "disk@" + name);
        run("clone", "disk@" + name, name, name + "-2");
        run("list");
        run("list", "--json");
        run("info", name);
        run("du");
        run("map", name);
        run("diff", "--from=" + name, "disk");
        run("resize", "--size=32M", name);
        run("destroy", name, name + "-2");
        run("jobs");
        run("pool", "status");
    }

    private void run(String... words) {
        runInto(NOWHERE, words);
    }

    private void runInto(PrintStream out, String... words) {
        Map<String, String> variables =
                Map.of("BLKSPC_POOL", directory.resolve("pool").toString());
        Environment environment = new Environment(
                new HostAccess(), InputStream.nullInputStream(), out, out, NOWHERE, variables, Terminal.NONE);
        int code = Cli.run(environment, words);
        if (code != ExitCode.DONE) {
            exitCode = code;
        }
    }
}
