package io.blkspc.cli.command;

import io.blkspc.cli.attach.Backend;
import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.attach.NbdDriver;
import io.blkspc.cli.attach.StockClient;
import io.blkspc.cli.attach.StockDevice;
import io.blkspc.cli.attach.StockDevices;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.socket.DeviceFile;
import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code detach}. */
@Command(
        name = "detach",
        description =
                "End a device that attach or nbd-client made, after everything written to it is on the volume. Refused "
                        + "(5) while it is mounted, used for swap, or open.")
final class DetachCommand extends Task {

    private static final long LIMIT_SECONDS = 30;
    private static final long POLL_MILLIS = 20;
    private static final int LOOKS = 10;
    private static final long LOOK_MILLIS = 100;

    @Parameters(paramLabel = "NAME|/dev/nbdN", description = "volume or snapshot of this pool, or device")
    private String what;

    private final StockDevices stock = new StockDevices();

    @Override
    public Integer call() throws Exception {
        NbdDevice device = find();
        requireUnused(device);
        try (NbdDriver driver = NbdDriver.open();
                DeviceFile held = DeviceFile.hold(Path.of(device.path()))) {
            if (held == null) {
                throw inUse(device, "somebody else, perhaps in another mount namespace");
            }
            persist(Path.of(device.path()), device, stock.find(device) != null);
            driver.disconnect(device.index());
        }
        awaitEnd(device);
        stock.forget(device);
        show(Json.of("device", device.path(), "detached", true), () -> "");
        return ExitCode.DONE;
    }

    /** Whoever only looks at new devices, as udev does, is gone in a moment. */
    private static void requireUnused(NbdDevice device) throws IOException, InterruptedException {
        String user = device.user();
        for (int i = 0; i < LOOKS && user != null && user.startsWith("pid="); i++) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            user = device.user();
        }
        if (user != null) {
            throw inUse(device, user);
        }
    }

    private static CommandFailure inUse(NbdDevice device, String user) {
        return new CommandFailure(ExitCode.BUSY, "the device is in use: device=" + device.path() + ", by=" + user);
    }

    private NbdDevice find() throws IOException {
        if (NbdDevice.isPath(what)) {
            NbdDevice device = NbdDevice.of(what);
            if (!device.isConnected()) {
                throw new CommandFailure(ExitCode.NOT_FOUND_OR_EXISTS, "not attached: device=" + what);
            }
            if (device.backend() == null && stock.find(device) == null) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND_OR_EXISTS,
                        "not made by attach or nbd-client, end it with what made it: device=" + what);
            }
            return device;
        }
        Path pool = location().directory().toAbsolutePath();
        List<NbdDevice> devices = new ArrayList<>();
        for (NbdDevice device : NbdDevice.ours()) {
            Backend backend = device.backend();
            if (backend != null && backend.name().equals(what) && backend.pool().equals(pool)) {
                devices.add(device);
            }
        }
        for (StockDevice device : stock.all()) {
            if (what.equals(device.name()) && pool.equals(device.pool())) {
                devices.add(device.device());
            }
        }
        if (devices.isEmpty()) {
            throw new CommandFailure(ExitCode.NOT_FOUND_OR_EXISTS, "not attached: name=" + what + ", pool=" + pool);
        }
        if (devices.size() > 1) {
            throw CommandFailure.usage("attached more than once, name the device: name=" + what + ", devices="
                    + devices.stream().map(NbdDevice::path).toList());
        }
        return devices.getFirst();
    }

    /** What programs wrote to the device itself may still be in the page cache; where it cannot get any further the device stays. */
    static void persist(Path file, NbdDevice device, boolean isStock) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // No server of later will ever take what nbd-client's device holds: somebody has to decide.
            String way = isStock
                    ? "to end it all the same: " + StockClient.ending(device)
                    : "attach it again, which connects it to a server, and then detach it";
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "what was written last cannot be brought to the volume, " + way + ", device=" + device.path()
                            + ", said=" + e.getMessage());
        }
    }

    private static void awaitEnd(NbdDevice device) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (device.isConnected()) {
            if (System.nanoTime() - deadline > 0) {
                throw new CommandFailure(ExitCode.BUSY, "the device does not end: device=" + device.path());
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }
}
