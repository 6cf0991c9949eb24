package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.attach.AttachOptions;
import io.blkspc.cli.attach.Backend;
import io.blkspc.cli.attach.Background;
import io.blkspc.cli.attach.Keeper;
import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code attach}. */
@Command(
        name = "attach",
        description = "Make a block device of a volume, or of a snapshot, with the kernel's nbd driver, and print its "
                + "name. Needs root. Starts a server if none runs. The device lives through restarts and crashes of "
                + "the server: meanwhile requests wait.")
final class AttachCommand extends Task {

    private static final Path MODULE = Path.of("/sys/module/nbd");

    @Parameters(index = "0", paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Parameters(index = "1", arity = "0..1", paramLabel = "/dev/nbdN", description = "the device; default: a free one")
    private String device;

    @Option(
            names = {"-C", "--connections"},
            paramLabel = "N",
            description = "connections to the server, 1 to 16; default: 1")
    private int connections = 1;

    @Option(
            names = {"-r", "--read-only"},
            description = "a device that takes no writes")
    private boolean readOnly;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "send a request again when it waited that long; default: 30")
    private long timeoutSeconds = 30;

    @Option(
            names = "--dead-timeout",
            paramLabel = "SECONDS",
            description = "let requests fail when there was no server for that long; default: 600")
    private long deadSeconds = 600;

    @Option(
            names = "--foreground",
            description = "stay with the device, for a service manager; default: a process of its own does")
    private boolean foreground;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        if (connections < 1 || connections > AttachOptions.MAX_CONNECTIONS || timeoutSeconds < 1 || deadSeconds < 1) {
            throw CommandFailure.usage("out of range: connections=" + connections + ", timeout=" + timeoutSeconds
                    + ", dead=" + deadSeconds);
        }
        int index = device == null ? -1 : NbdDevice.of(device).index();
        Programs programs = new Programs(environment().variables());
        loadDriver(programs);
        String uuid = identity(programs);
        NbdDevice attached = find(uuid, index);
        if (attached != null) {
            return print(attached.path());
        }
        if (!foreground) {
            return print(background(programs).start(inForeground()));
        }
        Backend backend = new Backend(uuid, name, location().directory().toAbsolutePath());
        AttachOptions options = new AttachOptions(index, connections, readOnly, timeoutSeconds, deadSeconds);
        try (Keeper keeper = Keeper.attach(socket(), backend, this::uuidOrNull, options)) {
            out().println(keeper.device().path());
            out().flush();
            keeper.keep();
        }
        return ExitCode.DONE;
    }

    private int print(String path) {
        show(Json.of("device", path, "name", name), () -> path + "\n");
        return ExitCode.DONE;
    }

    private static void loadDriver(Programs programs) throws IOException, InterruptedException {
        Optional<Path> modprobe = programs.find("modprobe");
        if (!Files.isDirectory(MODULE) && modprobe.isPresent()) {
            new ProcessBuilder(modprobe.get().toString(), "nbd")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor(); // whether it helped is seen when the driver is asked
        }
    }

    /** The device that this command was to make, when it is there already. */
    private NbdDevice find(String uuid, int index) throws IOException {
        for (NbdDevice one : NbdDevice.ours()) {
            if (one.backend().uuid().equals(uuid) && (index < 0 || index == one.index())) {
                if (!one.isKept()) {
                    throw new CommandFailure(
                            ExitCode.BUSY,
                            "attached, but its process was killed, so that it will not live through the end of its "
                                    + "server: detach it first, device=" + one.path());
                }
                return one;
            }
        }
        return null;
    }

    private List<String> inForeground() {
        List<String> words =
                new ArrayList<>(List.of("-v", "-p", location().directory().toString(), "attach", name));
        if (device != null) {
            words.add(device);
        }
        words.addAll(List.of("--connections", Integer.toString(connections), "--foreground"));
        words.addAll(List.of("--timeout", Long.toString(timeoutSeconds)));
        words.addAll(List.of("--dead-timeout", Long.toString(deadSeconds)));
        if (readOnly) {
            words.add("--read-only");
        }
        return words;
    }

    private Background background(Programs programs) {
        return new Background(programs.find("setsid").orElse(null), log());
    }

    private Path log() {
        return location().directory().resolve("attach.log");
    }

    /** Of the volume, from a server, which is started if there is none. */
    private String identity(Programs programs) throws IOException, InterruptedException {
        String uuid = uuidOrNull();
        if (uuid != null) {
            return uuid;
        }
        background(programs).start(List.of("-p", location().directory().toString(), "serve"));
        uuid = uuidOrNull();
        if (uuid == null) {
            throw new CommandFailure(ExitCode.FAILED, "the server ended at once, log=" + log());
        }
        return uuid;
    }

    private String uuidOrNull() {
        Optional<ServedLink> server;
        try (Progress progress = progress("attach:")) {
            server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
        }
        if (server.isEmpty()) {
            return null;
        }
        try (ServedLink link = server.get()) {
            Map<String, Object> facts = Json.asObject(link.run(Operation.INFO, Map.of("name", name)));
            return (String) facts.get("uuid");
        }
    }

    private Path socket() {
        PoolLocation here = location();
        return Files.exists(here.nbdSocket())
                ? here.nbdSocket()
                : here.withSocketsElsewhere().nbdSocket();
    }
}
