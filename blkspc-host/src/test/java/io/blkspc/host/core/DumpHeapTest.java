package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A pool whose extents would fill the heap many times is dumped and restored in processes of their own. */
class DumpHeapTest {

    private static final int EXTENTS = 20_000;
    private static final int CLONES = 1_000;
    private static final int HEAP_MIB = 48;
    private static final List<String> SHARED_FLAGS =
            List.of("--add-opens", "--add-exports", "--enable-native-access", "--sun-misc", "-Dchronicle");
    private static final long PATIENCE_MINUTES = 10;

    @TempDir
    private Path directory;

    @Test
    @EnabledIfSystemProperty(
            named = "blkspc.release",
            matches = "true",
            disabledReason = "a long proof: blkspc.release; DumpMemoryTest counts what is held in each run")
    void smallHeapDumpsAndRestoresManyClones() throws Exception {
        run("make", 512);
        for (String step : List.of("dump", "live", "restore")) {
            long begin = System.nanoTime();
            run(step, HEAP_MIB);
            System.out.printf(
                    "%s: extents=%,d of %,d versions, heap=%dM, %.1f bytes of heap for each, dump=%dM, millis=%d%n",
                    step,
                    (long) EXTENTS * CLONES,
                    CLONES,
                    HEAP_MIB,
                    (HEAP_MIB << 20) / ((double) EXTENTS * CLONES),
                    Files.size(directory.resolve("dump")) >> 20,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        }
    }

    private void run(String step, int heapMib) throws Exception {
        Path log = directory.resolve(step + ".log");
        List<String> words = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> SHARED_FLAGS.stream().anyMatch(flag::startsWith))
                .forEach(words::add);
        words.addAll(List.of(
                "-Xmx" + heapMib + "m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                DumpHeapRun.class.getName(),
                step,
                directory.toString(),
                Integer.toString(EXTENTS),
                Integer.toString(CLONES)));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        assertThat(process.exitValue())
                .as("%s: %s", step, Files.readString(log))
                .isZero();
    }
}
