package io.blkspc.cli.command;

import io.blkspc.cli.attach.AttachLock;
import io.blkspc.cli.attach.Background;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.fs.MountPoint;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fs mount}. */
@Command(
        name = "mount",
        description = "Have the kernel mount the file system of a volume on a directory, through FUSE, with libfuse3. "
                + "The server of the pool answers for it; one is started if none runs. Snapshots and clones of the volume "
                + "meanwhile are of a moment between two operations. What was written is durable after an fsync, and "
                + "within seconds by itself.")
final class FsMountCommand extends Task {

    @Parameters(index = "0", paramLabel = "NAME", description = "volume")
    private String name;

    @Parameters(index = "1", paramLabel = "DIR", description = "a directory")
    private String directory;

    @Option(
            names = "--allow-other",
            description = "other users may use it too, by the permissions of the files; always so for root, else "
                    + "/etc/fuse.conf has to allow it")
    private boolean allowOther;

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        MountPoint point = MountPoint.of(directory);
        if (!point.isDead() && !Files.isDirectory(point.directory())) {
            throw new CommandFailure(ExitCode.NOT_FOUND_OR_EXISTS, "no such directory: directory=" + point.directory());
        }
        boolean forOthers = allowOther || System.getProperty("user.name").equals("root");
        try (ServedLink server = server()) {
            Map<String, Object> facts = server.mount(name, point.directory(), forOthers);
            show(facts, () -> "");
        }
        return ExitCode.DONE;
    }

    /** Of the pool; started if there is none. */
    private ServedLink server() throws IOException, InterruptedException {
        Path pool = location().directory();
        if (!Files.isDirectory(pool)) {
            throw new CommandFailure(ExitCode.NOT_FOUND_OR_EXISTS, "not a pool: path=" + pool);
        }
        Optional<ServedLink> running = running();
        return running.isPresent() ? running.get() : startOne(pool);
    }

    /** Of several that find no server one starts it, and the others wait for that. */
    private ServedLink startOne(Path pool) throws IOException, InterruptedException {
        Path log = pool.resolve("serve.log");
        try (AttachLock _ = AttachLock.take(pool)) {
            Optional<ServedLink> running = running();
            if (running.isPresent()) {
                return running.get();
            }
            Programs programs = new Programs(environment().variables());
            new Background(programs.find("setsid").orElse(null), log).start(List.of("-p", pool.toString(), "serve"));
            return running()
                    .orElseThrow(() -> new CommandFailure(
                            ExitCode.FAILED, "no server answers for the pool: pool=" + pool + ", log=" + log));
        }
    }

    private Optional<ServedLink> running() {
        try (Progress progress = progress("mount:")) {
            return new PoolDoor(environment().access(), location(), progress::say).enterServer();
        }
    }
}
