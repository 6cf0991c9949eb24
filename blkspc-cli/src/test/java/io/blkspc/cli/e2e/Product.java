package io.blkspc.cli.e2e;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * How these tests start the product. After the jar is made they start it as the launcher does, with a cache that halves the
 * start of the JVM: there are hundreds of starts. Without a jar, which is how one test is run by hand, they run the class
 * path of the tests without the tests' own classes, with the flags that the manifest of the jar would give.
 */
final class Product {

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final String JAR = System.getProperty("blkspc.jar");

    /** Many short lives: the second compiler would cost more than it brings. */
    private static final List<String> SHORT_LIVED = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final List<String> LAUNCHER_FLAGS =
            List.of("--sun-misc-unsafe-memory-access=allow", "-Dchronicle.analytics.disable=true");
    private static final List<String> MANIFEST_FLAGS =
            List.of("--add-opens", "--add-exports", "--enable-native-access", "--sun-misc-unsafe-memory-access");

    private static final List<String> START = JAR == null ? classPathStart() : jarStart();

    private Product() {}

    /** The words up to the product's own, with more flags for the JVM. */
    static List<String> java(List<String> jvmFlags) {
        List<String> words = new ArrayList<>(START);
        words.addAll(1, jvmFlags);
        return words;
    }

    /** Where a program that uses the product's classes finds them. */
    static String classPath() {
        return JAR == null ? productClassPath() : JAR;
    }

    private static List<String> classPathStart() {
        List<String> words = new ArrayList<>(List.of(JAVA));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> MANIFEST_FLAGS.stream().anyMatch(flag::startsWith))
                .forEach(words::add);
        words.addAll(SHORT_LIVED);
        words.addAll(List.of("-cp", productClassPath(), "io.blkspc.cli.Main"));
        return words;
    }

    private static String productClassPath() {
        return String.join(
                File.pathSeparator,
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                        .filter(entry -> !entry.contains("test-classes") && !entry.endsWith("-tests.jar"))
                        .toList());
    }

    private static List<String> jarStart() {
        try {
            Path jar = Path.of(JAR);
            Path cache = jar.resolveSibling("blkspc-e2e.aot");
            // Tests run in several processes, and one of them makes the cache for all.
            try (FileChannel turn = FileChannel.open(jar.resolveSibling("blkspc-e2e.lock"), CREATE, WRITE);
                    FileLock _ = turn.lock()) {
                if (!Files.exists(cache)
                        || Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                    record(cache);
                }
            }
            return Files.exists(cache)
                    ? start(List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off,cds*=off"))
                    : start(List.of()); // it only saves time
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static List<String> start(List<String> cacheFlags) {
        List<String> words = new ArrayList<>(List.of(JAVA));
        words.addAll(SHORT_LIVED);
        words.addAll(cacheFlags);
        words.addAll(LAUNCHER_FLAGS);
        words.addAll(List.of("-jar", JAR));
        return words;
    }

    /** Lets the JVM record how a server starts, which is what takes longest. */
    private static void record(Path cache) throws IOException {
        Files.deleteIfExists(cache);
        Path pool = Files.createTempDirectory("blkspc-e2e").resolve("pool");
        List<String> create = start(List.of());
        create.addAll(List.of("-p", pool.toString(), "pool", "create", "--size", "64M"));
        Exec.run(Exec.LIMIT, create).ok();
        List<String> serve = start(List.of("-XX:AOTCacheOutput=" + cache));
        serve.addAll(List.of("-p", pool.toString(), "serve"));
        Process server = new ProcessBuilder(serve)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.DISCARD) // a pipe would end with destroy, and the recording with it
                .start();
        Path socket = pool.resolve("nbd.sock");
        Await.within(Exec.LIMIT, () -> !server.isAlive() || Files.exists(socket));
        server.destroy();
        Await.within(Exec.LIMIT, () -> !server.isAlive());
        server.destroyForcibly();
        delete(pool.getParent());
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
