package io.blkspc.cli.command;

import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.fs.MountPoint;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fs umount}. */
@Command(
        name = "umount",
        description =
                "Unmount what 'fs mount' mounted; then everything written is durable. Refused (5) while files are "
                        + "open. Also tidies up a directory whose server was killed.")
final class FsUmountCommand extends Task {

    @Parameters(index = "0", paramLabel = "DIR", description = "the directory")
    private String directory;

    @Override
    public Integer call() throws Exception {
        MountPoint point = MountPoint.of(directory);
        if (point.isDead()) { // asking for it would wait for nobody
            point.unmount(new Programs(environment().variables()), true);
            show(facts(point), () -> "");
            return ExitCode.DONE;
        }
        Optional<ServedLink> server;
        try (Progress progress = progress("umount:")) {
            server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
        }
        if (server.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND_OR_EXISTS,
                    "nothing of this pool is mounted: pool=" + location().directory());
        }
        try (ServedLink link = server.get()) {
            Map<String, Object> facts = link.unmount(point.directory());
            show(facts, () -> "");
        }
        return ExitCode.DONE;
    }

    private static Map<String, Object> facts(MountPoint point) {
        return Json.of("directory", point.directory().toString(), "unmounted", true);
    }
}
