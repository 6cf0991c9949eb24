package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DowncallTest {

    private static final List<String> SHARED_FLAGS = List.of("--add-", "--enable-native-access");

    @TempDir
    Path directory;

    /**
     * In a process where everything is compiled when it is due, and nothing is left out because it was compiled before: there it is no
     * matter of chance which calls are compiled as parts of deep callers.
     */
    @ParameterizedTest
    @ValueSource(strings = {"preadv2", "pwritev2", "fdatasync", "cachestat", "sendmsg", "io_uring_enter"})
    void nothingIsAllocatedHoweverDeepTheCallersLie(String call) throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[4096]);
        Path log = directory.resolve("log");
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> SHARED_FLAGS.stream().anyMatch(flag::startsWith))
                .forEach(words::add);
        words.addAll(List.of(
                "-Xbatch",
                "-XX:InlineSmallCode=100000",
                "-Dcall=" + call,
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                DeepCalls.class.getName(),
                file.toString()));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(Files.readAllLines(log))
                .filteredOn(line -> line.startsWith("bytes="))
                .containsExactly("bytes=0");
    }
}
