package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.attach.AttachLock;
import io.blkspc.cli.attach.AttachOptions;
import io.blkspc.cli.attach.Backend;
import io.blkspc.cli.attach.Background;
import io.blkspc.cli.attach.Keeper;
import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.attach.StockClient;
import io.blkspc.cli.attach.StockDevice;
import io.blkspc.cli.attach.StockDevices;
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
                + "the server: meanwhile requests wait. It grows with the volume. A volume has one device: attached "
                + "again, that is printed, and kept again if the process that stayed with it was killed.")
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

    @Option(
            names = "--nbd-client",
            description =
                    "let the program nbd-client attach it: the device fails when its server ends, and keeps its size")
    private boolean nbdClient;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        if (connections < 1 || connections > AttachOptions.MAX_CONNECTIONS || timeoutSeconds < 1 || deadSeconds < 1) {
            throw CommandFailure.usage("out of range: connections=" + connections + ", timeout=" + timeoutSeconds
                    + ", dead=" + deadSeconds);
        }
        if (nbdClient && foreground) {
            throw CommandFailure.usage("nobody stays with a device of nbd-client: --foreground, --nbd-client");
        }
        int index = device == null ? -1 : NbdDevice.of(device).index();
        Programs programs = new Programs(environment().variables());
        StockClient stock = nbdClient
                ? new StockClient(programs.find(StockClient.PROGRAM).orElse(null))
                : null; // before anything is started for it
        loadDriver(programs);
        String uuid = identity(programs);
        if (stock != null) {
            return attachWith(stock, uuid, index);
        }
        if (foreground) {
            return keep(uuid, index);
        }
        NbdDevice attached = find(uuid, index);
        if (attached == null || !attached.isKept()) {
            try {
                return print(background(programs).start(inForeground()), attached != null);
            } catch (CommandFailure failure) {
                attached = failure.exitCode() == ExitCode.BUSY ? find(uuid, index) : null;
                if (attached == null || !attached.isKept()) {
                    throw failure;
                }
            }
        }
        return print(attached.path(), true);
    }

    private int attachWith(StockClient stock, String uuid, int index) throws IOException, InterruptedException {
        NbdDevice made;
        try (AttachLock _ = AttachLock.take(location().directory())) {
            NbdDevice attached = find(uuid, index);
            if (attached != null) {
                throw new CommandFailure(ExitCode.BUSY, "attached already: device=" + attached.path());
            }
            made = stock.attach(socket(), name, options(index));
            note(made, uuid);
        }
        environment().err().println("blkspc: it will not outlive its server; to end it: blkspc detach " + made.path());
        return print(made.path(), false);
    }

    private void note(NbdDevice made, String uuid) {
        try {
            new StockDevices().note(made, backend(uuid));
        } catch (IOException e) { // it is attached all the same
            environment().err().println("blkspc: nobody will know what is attached there: " + e);
        }
    }

    private AttachOptions options(int index) {
        return new AttachOptions(index, connections, readOnly, timeoutSeconds, deadSeconds);
    }

    /**
     * Of two processes that come here for one volume the second finds the device of the first. A device whose process was killed
     * gets this one.
     */
    private int keep(String uuid, int index) throws IOException, InterruptedException {
        Backend backend = backend(uuid);
        Keeper keeper;
        try (AttachLock _ = AttachLock.take(location().directory())) {
            NbdDevice attached = find(uuid, index);
            if (attached != null && attached.isKept()) {
                throw new CommandFailure(ExitCode.BUSY, "attached already: device=" + attached.path());
            }
            keeper = attached == null
                    ? Keeper.attach(socket(), backend, this::facts, options(index))
                    : Keeper.adopt(socket(), attached, name, this::facts);
        }
        try (keeper) {
            out().println(keeper.device().path());
            out().flush();
            keeper.keep();
        }
        return ExitCode.DONE;
    }

    private int print(String path, boolean isOld) {
        if (isOld) {
            environment().err().println("blkspc: attached already: device=" + path + ", name=" + name);
        }
        show(Json.of("device", path, "name", name, "already", isOld), () -> path + "\n");
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

    private Backend backend(String uuid) {
        return new Backend(uuid, name, location().directory().toAbsolutePath());
    }

    /** The device of the volume, when it is there already: there is one at most. One of nbd-client can only be refused. */
    private NbdDevice find(String uuid, int index) throws IOException {
        for (StockDevice one : new StockDevices().all()) {
            if (one.isOf(backend(uuid))) {
                throw new CommandFailure(
                        ExitCode.BUSY,
                        "attached already, by nbd-client: device="
                                + one.device().path() + ", name=" + name);
            }
        }
        for (NbdDevice one : NbdDevice.ours()) {
            Backend backend = one.backend();
            if (backend != null && backend.uuid().equals(uuid)) {
                requireFitting(one, index);
                return one;
            }
        }
        return null;
    }

    private void requireFitting(NbdDevice one, int index) {
        String objection = null;
        if (index >= 0 && index != one.index()) {
            objection = "as another device";
        } else if (readOnly && !one.isReadOnly()) {
            objection = "for writing";
        } else if (!readOnly && one.isReadOnly() && name.indexOf('@') < 0) {
            objection = "for reading only";
        }
        if (objection != null) {
            throw new CommandFailure(
                    ExitCode.BUSY, "attached already, " + objection + ": device=" + one.path() + ", name=" + name);
        }
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
        Path pool = location().directory();
        if (!Files.isDirectory(pool)) {
            throw new CommandFailure(ExitCode.NOT_FOUND_OR_EXISTS, "not a pool: path=" + pool);
        }
        try (AttachLock _ = AttachLock.take(pool)) { // so that one of several starts it
            Keeper.Facts facts = facts();
            if (facts == null) {
                background(programs).start(List.of("-p", pool.toString(), "serve"));
                facts = facts();
            }
            if (facts == null) {
                throw new CommandFailure(ExitCode.FAILED, "the server ended at once, log=" + log());
            }
            return facts.uuid();
        }
    }

    private Keeper.Facts facts() {
        Optional<ServedLink> server;
        try (Progress progress = progress("attach:")) {
            server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
        }
        if (server.isEmpty()) {
            return null;
        }
        try (ServedLink link = server.get()) {
            Map<String, Object> facts = Json.asObject(link.run(Operation.INFO, Map.of("name", name)));
            return new Keeper.Facts((String) facts.get("uuid"), Json.asLong(facts.get("size")));
        }
    }

    private Path socket() {
        PoolLocation here = location();
        return Files.exists(here.nbdSocket())
                ? here.nbdSocket()
                : here.withSocketsElsewhere().nbdSocket();
    }
}
