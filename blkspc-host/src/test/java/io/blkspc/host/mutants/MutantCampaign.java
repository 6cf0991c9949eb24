package io.blkspc.host.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Plants mistakes, one after the other, into a copy of a module's classes, and runs the tests that should notice in a process
 * of their own. The working tree is only read.
 */
final class MutantCampaign implements AutoCloseable {

    private static final long TIMEOUT_SECONDS = 600;
    /** What is run when none of the mutant's own tests notices. */
    private static final List<String> GENERAL = List.of(
            "core.crash.DirectedCrashTest",
            "core.DirectedSpaceTest",
            "core.HostContractTest",
            "core.crash.ShortSequenceTest",
            "core.crash.IoFaultTest",
            "core.crash.EngineCrashTest#everyCrashStateIsLegal");

    private final Path work = Files.createTempDirectory("mutants");
    private final String classpath;
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();

    /** What became of one mutant. */
    record Outcome(boolean killed, String facts) {}

    MutantCampaign(String classpath) throws IOException {
        this.classpath = classpath;
    }

    Outcome run(Mutant mutant) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Path classes = compile(mutant);
        if (classes == null) {
            return new Outcome(false, "does not compile");
        }
        List<String> tests = new ArrayList<>(mutant.tests());
        GENERAL.stream().filter(test -> !tests.contains(test)).forEach(tests::add);
        Path log = work.resolve(mutant.id() + ".log");
        Process process = new ProcessBuilder(command(classes, tests))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .directory(Mutant.root().resolve("blkspc-host").toFile())
                .start();
        boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        String seconds = (System.nanoTime() - begin) / 1_000_000_000 + " s";
        String output = Files.readString(log);
        if (!ended) {
            return new Outcome(true, seconds + ", no end: " + lastLine(output));
        }
        int code = process.exitValue();
        if (code != SuiteRun.FAILED && code != SuiteRun.PASSED) {
            throw new IllegalStateException("tests did not run for mutant " + mutant.id() + ": " + output);
        }
        return new Outcome(code == SuiteRun.FAILED, seconds + ", " + lastLine(output));
    }

    private static String lastLine(String output) {
        String line = output.strip().lines().reduce("", (a, b) -> b);
        return line.length() > 220 ? line.substring(0, 220) : line;
    }

    private List<String> command(Path classes, List<String> tests) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-ea",
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dchronicle.analytics.disable=true",
                "-Dblkspc.seed=1",
                "-cp",
                classes + System.getProperty("path.separator") + classpath,
                SuiteRun.class.getName()));
        command.addAll(tests);
        return command;
    }

    /**
     * Compiles the whole module, because constants are copied into the classes that use them; {@code null} when it does not
     * compile.
     */
    private Path compile(Mutant mutant) throws IOException {
        Path module = Path.of(mutant.file()).getName(0);
        Path root = Mutant.root();
        Path classes = work.resolve("classes-" + mutant.id());
        Files.createDirectories(classes);
        Path changed = work.resolve("src-" + mutant.id())
                .resolve(Path.of(mutant.file()).getFileName());
        Files.createDirectories(changed.getParent());
        Files.writeString(changed, mutant.mutated());
        List<Path> sources = new ArrayList<>(List.of(changed));
        try (Stream<Path> all = Files.walk(root.resolve(module).resolve("src/main/java"))) {
            all.filter(path -> path.toString().endsWith(".java"))
                    .filter(path -> !path.equals(root.resolve(mutant.file())))
                    .forEach(sources::add);
        }
        List<String> options = List.of(
                "--release", "25", "-proc:none", "-nowarn", "-Xlint:none", "-cp", classpath, "-d", classes + "");
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean done = compiler.getTask(
                            null, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
            return done ? classes : null;
        }
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> all = Files.walk(work)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
