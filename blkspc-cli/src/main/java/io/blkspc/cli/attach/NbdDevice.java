package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One device of the nbd driver, as the kernel shows it under {@code /sys/block}.
 *
 * @param index its number
 */
public record NbdDevice(int index) {

    private static final Path SYS_BLOCK = Path.of("/sys/block");
    private static final Pattern NAME = Pattern.compile("(?:/dev/)?nbd(\\d{1,6})");
    private static final int SECTOR_BYTES = 512;

    /** The device of a path. */
    public static NbdDevice of(String path) {
        Matcher name = NAME.matcher(path);
        if (!name.matches()) {
            throw CommandFailure.usage("not an nbd device: value=" + path + ", expected=/dev/nbdN");
        }
        return new NbdDevice(Integer.parseInt(name.group(1)));
    }

    /** {@code true} for what is written like a device and could not be a name. */
    public static boolean isPath(String word) {
        return word.startsWith("/dev/");
    }

    /** Every attached device that this program made, by number. */
    public static List<NbdDevice> ours() throws IOException {
        return connected().stream().filter(device -> device.backend() != null).toList();
    }

    /** Every attached device, by number. */
    static List<NbdDevice> connected() throws IOException {
        List<NbdDevice> devices = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(SYS_BLOCK, "nbd*")) {
            for (Path one : all) {
                Matcher name = NAME.matcher(one.getFileName().toString());
                if (name.matches()) {
                    NbdDevice device = new NbdDevice(Integer.parseInt(name.group(1)));
                    if (device.isConnected()) {
                        devices.add(device);
                    }
                }
            }
        }
        devices.sort(Comparator.comparingInt(NbdDevice::index));
        return devices;
    }

    /**
     * The first device that the driver has and nobody uses.
     *
     * @throws CommandFailure when there is none
     */
    static NbdDevice firstFree() {
        for (int i = 0; Files.isDirectory(SYS_BLOCK.resolve("nbd" + i)); i++) {
            NbdDevice device = new NbdDevice(i);
            if (!device.isConnected()) {
                return device;
            }
        }
        throw new CommandFailure(
                Files.isDirectory(SYS_BLOCK.resolve("nbd0")) ? ExitCode.BUSY : ExitCode.FAILED,
                "no nbd device is free: try 'modprobe nbd', or name one");
    }

    /** Its file. */
    public String path() {
        return "/dev/nbd" + index;
    }

    /** Whether the driver has a server for it, or waits for one. */
    public boolean isConnected() {
        return Files.exists(SYS_BLOCK.resolve("nbd" + index).resolve("pid"));
    }

    /** Tells it from a later device of the same number; {@code null} when it is not connected. */
    String attachment() {
        return read("pid"); // the thread that made it
    }

    /** What it is made of; {@code null} when another program made it. */
    public Backend backend() {
        String word = read("backend");
        return word == null ? null : Backend.parse(word);
    }

    /** Whether whoever made it told the driver what it is made of; nbd-client does not. */
    boolean hasBackend() {
        String word = read("backend");
        return word != null && !word.isEmpty(); // empty where the driver was told nothing
    }

    /** Its size in bytes. */
    public long sizeBytes() {
        String sectors = read("size");
        return sectors == null ? 0 : Long.parseLong(sectors) * SECTOR_BYTES;
    }

    /** Whether a process gives it new connections when its server comes back; {@code false} when that cannot be found out. */
    public boolean isKept() {
        Backend backend = backend();
        try {
            return backend != null && KeeperMark.isSet(backend.pool(), index);
        } catch (IOException notOurs) {
            return false;
        }
    }

    /** Whether it takes no writes. */
    public boolean isReadOnly() {
        return "1".equals(read("ro"));
    }

    /**
     * Who uses it: where it or a partition of it is mounted, {@code swap}, a device on it, {@code pid=} a process that has it
     * open, but for the nbd-client that made it; {@code null} when nobody does.
     */
    public String user() throws IOException {
        Pattern partOfIt = Pattern.compile(Pattern.quote(path()) + "(p\\d+)?");
        for (String line : Files.readAllLines(Path.of("/proc/mounts"), StandardCharsets.ISO_8859_1)) {
            String[] words = line.split(" ", -1);
            if (partOfIt.matcher(words[0]).matches()) {
                return words[1];
            }
        }
        for (String line : Files.readAllLines(Path.of("/proc/swaps"), StandardCharsets.ISO_8859_1)) {
            if (partOfIt.matcher(line.split("\\s", 2)[0]).matches()) {
                return "swap";
            }
        }
        String holder = holder();
        return holder == null ? opener(partOfIt) : holder;
    }

    /** A process that has it open, as far as this one may look. */
    private String opener(Pattern device) throws IOException {
        StockDevices stock = new StockDevices();
        long self = ProcessHandle.current().pid();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                String pid = process.getFileName().toString();
                if (!pid.equals(Long.toString(self)) && hasOpen(process, device) && !stock.isClient(pid, this)) {
                    return "pid=" + pid;
                }
            }
        }
        return null;
    }

    private static boolean hasOpen(Path process, Pattern device) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path file : files) {
                if (device.matcher(Files.readSymbolicLink(file).toString()).matches()) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException goneOrNotOurs) {
            return false;
        }
        return false;
    }

    /** A device that lies on it or on a partition of it, such as one of device mapper, or {@code null}. */
    private String holder() throws IOException {
        Path block = SYS_BLOCK.resolve("nbd" + index);
        List<Path> places = new ArrayList<>(List.of(block));
        try (DirectoryStream<Path> partitions = Files.newDirectoryStream(block, "nbd" + index + "p*")) {
            partitions.forEach(places::add);
        }
        for (Path place : places) {
            Path holders = place.resolve("holders");
            if (Files.isDirectory(holders)) {
                try (DirectoryStream<Path> found = Files.newDirectoryStream(holders)) {
                    for (Path each : found) {
                        return each.getFileName().toString();
                    }
                }
            }
        }
        return null;
    }

    private String read(String file) {
        try {
            return Files.readString(SYS_BLOCK.resolve("nbd" + index).resolve(file))
                    .strip();
        } catch (IOException absent) {
            return null;
        }
    }
}
