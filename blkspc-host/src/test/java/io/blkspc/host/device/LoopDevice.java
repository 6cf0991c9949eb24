package io.blkspc.host.device;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A raw block device over a file, where root and losetup are there; else the test is skipped and says why. */
record LoopDevice(Path path) implements AutoCloseable {

    static LoopDevice attach(Path backing) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "skipped: loop devices need root");
        assumeTrue(Files.exists(Path.of("/dev/loop-control")), "skipped: no /dev/loop-control");
        Output output = run("losetup", "--find", "--show", backing.toString());
        assumeTrue(output.exitCode == 0, "skipped: losetup failed: " + output.text);
        return new LoopDevice(Path.of(output.text.trim()));
    }

    @Override
    public void close() {
        Output output = run("losetup", "--detach", path.toString());
        if (output.exitCode != 0) {
            throw new IllegalStateException("cannot detach " + path + ": " + output.text);
        }
    }

    /** What a command printed, and how it ended; -1 when it could not be started. */
    record Output(int exitCode, String text) {}

    static Output run(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.waitFor(), text);
        } catch (java.io.IOException | InterruptedException e) {
            return new Output(-1, e.toString());
        }
    }
}
