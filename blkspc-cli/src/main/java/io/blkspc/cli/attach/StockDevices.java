package io.blkspc.cli.attach;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the devices that nbd-client attached. The driver says nothing of their servers, so it is taken from a note, where {@code
 * attach} asked nbd-client, or from the command line of an nbd-client that still runs, as one does with {@code -nonetlink}. One
 * that was started by hand and went through netlink has left neither: of its device only the number is known.
 */
public final class StockDevices {

    private static final String SOCKET_IN_POOL = "nbd.sock";
    private static final int PARTS = 2;

    private final Path processes;
    private final Path notes;

    /** Of this machine. Notes do not outlive its restart, as devices do not. */
    public StockDevices() {
        this(Path.of("/proc"), Path.of("/run/blkspc-attached"));
    }

    StockDevices(Path processes, Path notes) {
        this.processes = processes;
        this.notes = notes;
    }

    /** Every one of them, by number. */
    public List<StockDevice> all() throws IOException {
        List<StockDevice> devices = new ArrayList<>();
        for (NbdDevice device : NbdDevice.connected()) {
            StockDevice found = find(device);
            if (found != null) {
                devices.add(found);
            }
        }
        return devices;
    }

    /** What is known of a device; {@code null} when it is not connected, or something else than nbd-client made it. */
    public StockDevice find(NbdDevice device) {
        String attachment = device.attachment();
        return attachment == null || device.hasBackend() ? null : find(device, attachment);
    }

    /** The same, of a device that was made by the process {@code attachment}, and has no word of {@link Backend}. */
    StockDevice find(NbdDevice device, String attachment) {
        Backend noted = noted(device, attachment);
        if (noted != null) {
            return new StockDevice(device, noted.uuid(), noted.name(), noted.pool());
        }
        List<String> words = words(attachment);
        if (words.stream().noneMatch(word -> isAbout(word, device))) {
            return new StockDevice(device, null, null, null); // who made it has left, as nbd-client does
        }
        StockCommandLine line = StockCommandLine.parse(words);
        if (line == null || !line.isAbout(device)) {
            return null;
        }
        return new StockDevice(device, null, line.export(), pool(line.socket()));
    }

    /** Whether a process is the nbd-client of a device, which has the device open as long as it is attached. */
    boolean isClient(String process, NbdDevice device) {
        StockCommandLine line = StockCommandLine.parse(words(process));
        return line != null && line.isAbout(device);
    }

    /** Notes what an attached device is made of, until it is detached. */
    public void note(NbdDevice device, Backend backend) throws IOException {
        note(device, device.attachment(), backend);
    }

    void note(NbdDevice device, String attachment, Backend backend) throws IOException {
        Files.createDirectories(notes);
        Path made = notes.resolve("nbd" + device.index() + ".new");
        Files.writeString(made, attachment + ' ' + backend.word());
        Files.move(made, note(device), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Takes the note away, if there is one. */
    public void forget(NbdDevice device) throws IOException {
        Files.deleteIfExists(note(device));
    }

    private Path note(NbdDevice device) {
        return notes.resolve("nbd" + device.index());
    }

    /** {@code null} where the note is of an earlier device of that number, too. */
    private Backend noted(NbdDevice device, String attachment) {
        try {
            String[] parts = Files.readString(note(device)).split(" ", PARTS);
            return parts.length == PARTS && parts[0].equals(attachment) ? Backend.parse(parts[1]) : null;
        } catch (IOException none) {
            return null;
        }
    }

    private List<String> words(String process) {
        try {
            byte[] line = Files.readAllBytes(processes.resolve(process).resolve("cmdline"));
            String text = new String(line, StandardCharsets.UTF_8);
            return text.isEmpty() ? List.of() : List.of(text.split("\0"));
        } catch (IOException gone) {
            return List.of();
        }
    }

    /** Numbers of processes are used again: one that does not speak of the device has nothing to do with it. */
    private static boolean isAbout(String word, NbdDevice device) {
        return word.endsWith(device.path()) || word.equals("nbd" + device.index());
    }

    private static Path pool(Path socket) {
        return socket != null
                        && socket.isAbsolute()
                        && socket.getFileName().toString().equals(SOCKET_IN_POOL)
                ? socket.getParent()
                : null;
    }
}
