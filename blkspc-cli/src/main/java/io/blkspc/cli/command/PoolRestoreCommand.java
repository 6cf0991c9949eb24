package io.blkspc.cli.command;

import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.action.RestoreResult;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import java.io.BufferedInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pool restore}. */
@Command(
        name = "restore",
        description = "Make the pool anew from a dump: the same size, volumes, snapshots, options, tags and "
                + "reservations, and what they share. The dump is verified, the new pool is checked where memory is "
                + "enough; when anything is wrong nothing is left. A pool that is there already is refused (exit code "
                + "3), a damaged dump too (4).")
/* What fails is removed again: no outcome is unknown. */
final class PoolRestoreCommand extends Task {

    private static final int BUFFER_BYTES = 1 << 20;

    @Parameters(index = "0", paramLabel = "FILE|-", description = "dump to read; - is standard input")
    private String file;

    @Option(names = "--data", paramLabel = "FILE|DEVICE", description = "where the data lies; default: in the pool")
    private Path data;

    @Option(
            names = "--force",
            description =
                    "let the data take the place of what is in --data already, which is lost also when the restore "
                            + "fails; a device is always there")
    private boolean force;

    @Option(
            names = "--allow-unreserved",
            description = "take a file system that cannot promise its space, such as a compressing one")
    private boolean allowUnreserved;

    @Override
    public Integer call() throws Exception {
        Path dump = Path.of(file.equals("-") ? "/proc/self/fd/0" : file);
        if (data != null && Files.exists(data) && Files.exists(dump) && Files.isSameFile(data, dump)) {
            throw CommandFailure.usage("--data is the dump itself: path=" + file);
        }
        Path directory = location().directory();
        Path dataPath = data == null ? null : data.toAbsolutePath().normalize();
        RestoreResult result;
        try (InputStream in = file.equals("-") ? environment().in() : Files.newInputStream(Path.of(file));
                InputStream buffered = new BufferedInputStream(in, BUFFER_BYTES);
                Progress progress = progress("restore:")) {
            result = environment()
                    .access()
                    .restore(buffered, directory, dataPath, force, allowUnreserved, progress::say);
        }
        DumpResult made = result.made();
        Map<String, Object> facts = Json.of("pool", directory.toString());
        facts.putAll(result.facts());
        show(
                facts,
                () -> "restored pool " + directory + ": volumes=" + made.volumes() + ", snapshots=" + made.snapshots()
                        + ", data=" + size(made.dataBytes()) + "\n"
                        + (result.isChecked() ? "" : "not checked: too many extents to check in this memory\n"));
        return 0;
    }
}
