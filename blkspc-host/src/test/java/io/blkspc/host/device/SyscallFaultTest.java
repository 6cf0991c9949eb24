package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors of real system calls in a real process, put there by strace. */
class SyscallFaultTest {

    @TempDir
    Path dir;

    private Path file;

    @BeforeEach
    void needsStrace() throws Exception {
        LoopDevice.Output probe = LoopDevice.run("strace", "-f", "-e", "trace=none", "true");
        assumeTrue(probe.exitCode() == 0, "skipped: strace cannot trace here: " + probe.text());
        file = Files.write(dir.resolve("data"), new byte[8192]);
    }

    private List<String> outcomes(String steps, String... injections) {
        List<String> command = new ArrayList<>(
                List.of("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=preadv2,pwritev2,fdatasync,mmap,msync"));
        for (String injection : injections) {
            command.addAll(List.of("-e", "inject=" + injection));
        }
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                TracedIo.class.getName(),
                file.toString(),
                steps));
        LoopDevice.Output output = LoopDevice.run(command.toArray(String[]::new));
        assertThat(output.exitCode()).as(output.text()).isZero();
        return output.text().lines().filter(line -> line.contains("=")).toList();
    }

    @Test
    void failedForceEndsAllWritingAndReadsGoOn() {
        assertThat(outcomes("write,force,force,force,write,read", "fdatasync:error=EIO:when=2"))
                .containsExactly("write=OK", "force=OK", "force=IO", "force=FAILED", "write=FAILED", "read=OK");
    }

    @Test
    void failedForceOfARangeIsFinalToo() {
        assertThat(outcomes("write,range,write,range,range,force,write,read", "msync:error=EIO:when=2"))
                .containsExactly(
                        "write=OK",
                        "range=OK",
                        "write=OK",
                        "range=IO",
                        "range=FAILED",
                        "force=FAILED",
                        "write=FAILED",
                        "read=OK");
    }

    @Test
    void eachErrorIsWhatItMeans() {
        assertThat(outcomes(
                        "write,read,write,read,write,force",
                        "pwritev2:error=ENOSPC:when=2",
                        "preadv2:error=EIO:when=2"))
                .containsExactly("write=OK", "read=OK", "write=OUT_OF_BACKING", "read=IO", "write=OK", "force=OK");
    }

    @Test
    void interruptedCallsAreMadeAgain() {
        assertThat(outcomes("write,read,write,read", "pwritev2:error=EINTR:when=1+2", "preadv2:error=EINTR:when=1+2"))
                .containsExactly("write=OK", "read=OK", "write=OK", "read=OK");
    }
}
