package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found out about devices of nbd-client from notes and command lines; that it then is so is shown in a guest. */
class StockDevicesTest {

    private static final NbdDevice DEVICE = new NbdDevice(3);
    private static final String PID = "417";
    private static final Backend BACKEND = new Backend("u-1", "vm@s", Path.of("/srv/a pool:1"));

    @TempDir
    Path directory;

    private Path processes;
    private StockDevices devices;

    @BeforeEach
    void begin() {
        processes = directory.resolve("proc");
        devices = new StockDevices(processes, directory.resolve("run"));
    }

    private void runs(String... words) throws IOException {
        Files.writeString(
                Files.createDirectories(processes.resolve(PID)).resolve("cmdline"), String.join("\0", words) + "\0");
    }

    private void assertUnknown(StockDevice found) {
        assertThat(found).isEqualTo(new StockDevice(DEVICE, null, null, null));
        assertThat(found.isOf(BACKEND)).isFalse();
    }

    @Test
    void whatAttachNotedIsFoundUntilItIsForgotten() throws IOException {
        devices.note(DEVICE, PID, BACKEND);
        StockDevice found = devices.find(DEVICE, PID);
        assertThat(found).isEqualTo(new StockDevice(DEVICE, "u-1", "vm@s", Path.of("/srv/a pool:1")));
        assertThat(found.isOf(new Backend("u-1", "renamed", Path.of("/srv/moved"))))
                .isTrue();
        assertThat(found.isOf(new Backend("u-2", "vm@s", BACKEND.pool()))).isFalse();
        assertUnknown(devices.find(DEVICE, "4")); // a later device of that number
        devices.forget(DEVICE);
        assertUnknown(devices.find(DEVICE, PID));
        devices.forget(DEVICE);
    }

    @Test
    void aNoteIsOfTheDeviceThatWasNotedLast() throws IOException {
        devices.note(DEVICE, PID, new Backend("u-0", "old", Path.of("/srv")));
        devices.note(DEVICE, PID, BACKEND);
        devices.note(new NbdDevice(30), PID, new Backend("u-30", "thirty", Path.of("/srv")));
        assertThat(devices.find(DEVICE, PID).name()).isEqualTo("vm@s");
        assertThat(directory.resolve("run")).isDirectoryNotContaining("glob:**.new");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "417", "417 ", "417 qemu:u-1:vm:/srv", "417 blkspc:u-1", " blkspc:u-1:vm:/srv", "\0"})
    void aNoteThatIsNoneIsNotBelieved(String text) throws IOException {
        Files.writeString(Files.createDirectories(directory.resolve("run")).resolve("nbd3"), text);
        assertUnknown(devices.find(DEVICE, PID));
    }

    @Test
    void theWordsOfAttachAreReadBack() {
        AttachOptions options = new AttachOptions(3, 4, true, 30, 600);
        List<String> words = new StockClient(Path.of("/usr/sbin/nbd-client"))
                .words(Path.of("/srv/pool/nbd.sock"), "vm@s", DEVICE, options);
        StockCommandLine line = StockCommandLine.parse(words);
        assertThat(line).isEqualTo(new StockCommandLine("vm@s", Path.of("/srv/pool/nbd.sock"), "/dev/nbd3"));
        assertThat(line.isAbout(DEVICE)).isTrue();
        assertThat(line.isAbout(new NbdDevice(33))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "nbd-client -L -unix /p/nbd.sock -N vm -t 30 /dev/nbd3, vm, /p",
                "/sbin/nbd-client -u /p/nbd.sock /dev/nbd3 -Nvm -nonetlink, vm, /p",
                "nbd-client --unix /p/nbd.sock --name=vm nbd3, vm, /p",
                "nbd-client -name vm -b4096 -unix /p/nbd.sock /dev/nbd3 -C 2, vm, /p",
                "nbd-client -unix -N vm nbd.sock /dev/nbd3, vm, -",
                "nbd-client -unix /elsewhere/socket -N vm /dev/nbd3, vm, -",
                "nbd-client -unix /p/nbd.sock /dev/nbd3, -, /p",
                "nbd-client -N vm localhost 10809 /dev/nbd3, vm, -",
                "nbd-client nbd3, -, -",
                "bash, -, -",
            })
    void aClientThatRunsTellsByItsWords(String words, String name, Path pool) throws IOException {
        runs(words.split(" "));
        assertThat(devices.find(DEVICE, PID)).isEqualTo(new StockDevice(DEVICE, null, name, pool));
        assertThat(devices.isClient(PID, DEVICE)).isEqualTo(!words.equals("bash"));
        assertThat(devices.isClient(PID, new NbdDevice(4))).isFalse();
        assertThat(devices.find(DEVICE, PID).isOf(new Backend("u-9", "vm", Path.of("/p"))))
                .isEqualTo(name != null && pool != null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "qemu-nbd -c /dev/nbd3 disk.raw",
                "/usr/bin/qemu-nbd --connect=/dev/nbd3 disk.raw",
                "nbd-client -unix /p/nbd.sock -N /dev/nbd3" // an export of that name
            })
    void aDeviceOfAnotherProgramIsNotTaken(String words) throws IOException {
        runs(words.split(" "));
        assertThat(devices.find(DEVICE, PID)).isNull();
        assertThat(devices.isClient(PID, DEVICE)).isFalse();
    }
}
