package io.blkspc.cli.command;

import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.image.TargetFile;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code pool dump}. */
@Command(
        name = "dump",
        description =
                "Write the whole pool into a file or, where no server holds it, to standard output (-): every "
                        + "volume and snapshot with its options and tags and what they share, each block of data once. Where a "
                        + "server holds the pool it writes the file, as the pool is at one moment, while its clients go on; no "
                        + "snapshot can be destroyed meanwhile. A file takes the place of an older one only when it is complete.")
final class PoolDumpCommand extends Task {

    @Parameters(index = "0", paramLabel = "FILE|-", description = "dump to write")
    private String file;

    @Override
    public Integer call() throws Exception {
        boolean isStream = file.equals("-");
        if (isStream && root().json) {
            throw CommandFailure.usage("standard output cannot take the dump and JSON both");
        }
        Map<String, Object> facts = dump(isStream ? null : Path.of(file).toAbsolutePath());
        if (!isStream) {
            Map<String, Object> told = Json.of("file", file);
            told.putAll(facts);
            show(
                    told,
                    () -> "dumped to " + file + ": volumes=" + facts.get("volumes") + ", snapshots="
                            + facts.get("snapshots") + ", data=" + size(facts.get("data")) + "\n");
        }
        return 0;
    }

    /** {@code null}: to standard output. */
    private Map<String, Object> dump(Path target) throws Exception {
        try (Progress progress = progress("dump:")) {
            Optional<ServedLink> server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
            if (server.isEmpty()) {
                return (target == null
                                ? write(environment().rawOut(), progress)
                                : TargetFile.write(target, out -> write(out, progress)))
                        .facts();
            }
            try (ServedLink link = server.get()) {
                if (target == null) {
                    throw CommandFailure.usage(
                            "a server holds the pool and cannot write to standard output: name a file");
                }
                return link.dump(target);
            }
        }
    }

    private DumpResult write(OutputStream out, Progress progress) {
        return environment().access().dump(location().directory(), out, progress::say);
    }
}
