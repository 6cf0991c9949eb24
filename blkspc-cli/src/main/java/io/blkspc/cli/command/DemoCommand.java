package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.demo.Demo;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Sizes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code demo}. */
@Command(
        name = "demo",
        description = "Show the whole story on a throw-away pool in $TMPDIR, without root: a file system written over "
                + "NBD, a live clone, a change, a hard kill, and a check of every byte. Exit code 1 when anything "
                + "is not as it must be.")
final class DemoCommand extends Task {

    private static final long LARGE = 1L << 30;
    private static final long SMALL = 256L << 20;

    @Option(names = "--keep", description = "keep the pool")
    private boolean keep;

    @Option(
            names = "--size",
            paramLabel = "S",
            description = "size of the pool; default: 1G, or 256M where less than 4G are free")
    private String size;

    @Override
    public Integer call() throws Exception {
        Path parent = Path.of(environment().variables().getOrDefault("TMPDIR", System.getProperty("java.io.tmpdir")));
        Path directory = Files.createTempDirectory(parent, "blkspc-demo-").toAbsolutePath();
        if (!keep) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> strike(directory)));
        }
        long start = System.nanoTime();
        print("blkspc demo, in " + directory + (keep ? "" : ", removed at the end") + "\n");
        Demo.Stage stage = new Demo.Stage(
                environment().access(),
                directory,
                poolBytes(parent),
                environment().variables(),
                root().json ? null : out(),
                environment().terminal());
        List<Map<String, Object>> steps;
        try {
            steps = Demo.tell(stage);
        } finally {
            out().flush();
            if (!keep) {
                strike(directory);
            }
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        show(
                Json.of("ok", true, "ms", millis, "pool", keep ? directory + "/pool" : null, "steps", steps),
                () -> "\nAll of it is true, checked in " + String.format(java.util.Locale.ROOT, "%.1f", millis / 1e3)
                        + " s.\n\n" + next(directory));
        return ExitCode.DONE;
    }

    private long poolBytes(Path parent) throws IOException {
        if (size != null) {
            return Sizes.parseWhole(size, Geometry.BLOCK_BYTES);
        }
        return Files.getFileStore(parent).getUsableSpace() < 4 * LARGE ? SMALL : LARGE;
    }

    private void print(String line) {
        if (!root().json) {
            out().println(line);
            out().flush();
        }
    }

    /** Called twice when all goes well: by the command, and at the end of the process. */
    private static void strike(Path directory) {
        try {
            Demo.strike(directory);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private String next(Path directory) {
        String launcher = System.getProperty("blkspc.launcher", "blkspc");
        String program = launcher.startsWith(System.getProperty("user.dir") + "/")
                ? "." + launcher.substring(System.getProperty("user.dir").length())
                : launcher;
        String make = keep
                ? "  export BLKSPC_POOL=" + directory + "/pool\n  " + program + " serve &\n"
                : "  export BLKSPC_POOL=$HOME/pool\n  " + program + " pool create --size 10G\n  " + program
                        + " serve &\n";
        return environment().terminal().bold("What to type next") + "\n" + make
                + "  " + program + " import disk.raw golden\n"
                + "  " + program + " clone golden ci-1 ci-2\n"
                + "  qemu-system-x86_64 -drive format=raw,file=\"nbd+unix:///ci-1?socket=$BLKSPC_POOL/nbd.sock\" ...\n"
                + "  sudo " + program + " -p $BLKSPC_POOL attach ci-2\n"
                + "  " + program + " list\n"
                + "  " + program + " destroy ci-1\n"
                + "  " + program + " stop\n";
    }
}
