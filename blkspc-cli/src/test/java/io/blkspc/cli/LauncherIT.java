package io.blkspc.cli;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The runnable jar and the launcher, from outside: what a user types. */
class LauncherIT {
    private static final Path ROOT = Path.of(System.getProperty("blkspc.root"));
    private static final Path JAR = Path.of(System.getProperty("blkspc.jar"));
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    @TempDir
    Path dir;

    @Test
    void jarNeedsNoFlags() throws Exception {
        Outcome outcome = run(new ProcessBuilder(JAVA.toString(), "-jar", JAR.toString(), "--help"));

        assertThat(outcome.text()).contains("blkspc").doesNotContain("WARNING");
    }

    /** Chronicle Map compiles a class at each start unless the jar holds it: that was half of the time of every command. */
    @Test
    void poolIsMadeWithoutACompiler() throws Exception {
        Outcome outcome = run(new ProcessBuilder(
                JAVA.toString(),
                "-Xlog:class+load",
                "-jar",
                JAR.toString(),
                "--pool",
                dir.resolve("pool").toString(),
                "pool",
                "create",
                "--size",
                "16M"));

        assertThat(outcome.text())
                .contains("created pool")
                .contains("VanillaGlobalMutableState$$Native source: file:")
                .doesNotContain("com.sun.tools.javac.comp.");
    }

    /** Class files as old as picocli's are left out of the cache, and were more than half of the start of a command. */
    @Test
    void librariesThatCommandsStartWithHaveClassFilesTheCacheTakes() throws Exception {
        List<Integer> formats = new ArrayList<>();
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                if (entry.getName().matches("(picocli|io/blkspc)/.*\\.class")) {
                    ByteBuffer head = ByteBuffer.wrap(jar.getInputStream(entry).readNBytes(8));
                    formats.add((int) head.getShort(6));
                }
            }
        }
        assertThat(formats).hasSizeGreaterThan(500).allMatch(format -> format >= 61);
    }

    /** What the launcher has recorded after a build. */
    @Test
    void commandsThatWereRehearsedStartFromTheCache() throws Exception {
        String pool = dir.resolve("pool").toString();
        Path cache = dir.resolve("cache");
        Outcome rehearsed = run(new ProcessBuilder(
                JAVA.toString(), "-XX:AOTCacheOutput=" + cache, "-Dblkspc.rehearsal=" + dir, "-jar", JAR.toString()));
        assertThat(rehearsed.exitCode()).as(rehearsed.text()).isZero();

        Outcome listed = run(new ProcessBuilder(
                JAVA.toString(),
                "-XX:AOTCache=" + cache,
                "-Xlog:class+load",
                "-jar",
                JAR.toString(),
                "--pool",
                pool,
                "list"));

        assertThat(listed.exitCode()).isZero();
        assertThat(listed.text().lines().filter(line -> line.contains("source: file:")))
                .noneMatch(line -> line.contains(" picocli.") || line.contains(" io.blkspc."));
        assertThat(listed.text())
                .contains("disk")
                .contains(" io.blkspc.cli.control.ControlClient source: shared objects file")
                .contains(" picocli.CommandLine source: shared objects file");
    }

    @Test
    void launcherWorksThroughALinkFromAnyDirectory() throws Exception {
        Path link = Files.createSymbolicLink(dir.resolve("linked name"), ROOT.resolve("blkspc"));
        Outcome direct = run(launcher(ROOT.resolve("blkspc").toString(), "--help"));

        Outcome linked = run(launcher(link.toString(), "--help"));
        Files.delete(link);

        assertThat(direct.text()).contains("blkspc");
        assertThat(linked).isEqualTo(direct);
    }

    @Test
    void launcherRefusesAnotherJavaInOneLine() throws Exception {
        ProcessBuilder builder = launcher(ROOT.resolve("blkspc").toString(), "--help");
        builder.environment().put("BLKSPC_JAVA_HOME", dir.toString());

        Outcome outcome = run(builder);

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.text().lines()).singleElement().asString().contains("is not a JDK 25");
    }

    /** The JVM is a script that prints what it is given. */
    @Test
    void aServerGetsBoundedMemoryAndNoFileInTmpThatItsThreadsWaitFor() throws Exception {
        Path jdk = printingJdk();
        ProcessBuilder serve = launcher(ROOT.resolve("blkspc").toString(), "--pool", "p", "serve");
        serve.environment().put("BLKSPC_JAVA_HOME", jdk.toString());
        ProcessBuilder list = launcher(ROOT.resolve("blkspc").toString(), "--pool", "serve", "list");
        list.environment().put("BLKSPC_JAVA_HOME", jdk.toString());

        assertThat(run(serve).text().lines())
                .contains("-Xmx1g", "-XX:MaxDirectMemorySize=1g", "-XX:+PerfDisableSharedMem");
        assertThat(run(list).text()).doesNotContain("-Xmx");
    }

    /** What is kept for a faster start may be another user's, or find no room: the command is run all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"build.lock", "blkspc.aot.new"})
    void aCacheThatCannotBeMadeKeepsNoCommandFromRunning(String inTheWay) throws Exception {
        Path state = Files.createDirectories(dir.resolve("checkout/.blkspc"));
        Files.createDirectories(state.resolve(inTheWay).resolve("in the way"));

        Outcome outcome = run(listInCheckout());

        assertThat(outcome.exitCode()).as(outcome.text()).isZero();
        assertThat(outcome.text().lines()).endsWith("--pool", "p", "list");
    }

    /** Tests run for long under the same lock, and nobody waits for what only saves time. */
    @Test
    void noCommandWaitsForItsTurnToMakeTheCache() throws Exception {
        Path state = Files.createDirectories(dir.resolve("checkout/.blkspc"));
        Process holder = new ProcessBuilder(
                        "flock", state.resolve("build.lock").toString(), "sh", "-c", "echo held; exec cat")
                .start();
        try (BufferedReader said = holder.inputReader();
                OutputStream untilClosed = holder.getOutputStream()) {
            assertThat(said.readLine()).isEqualTo("held");

            Outcome outcome = run(listInCheckout());

            assertThat(outcome.text().lines()).endsWith("--pool", "p", "list");
            assertThat(state.resolve("blkspc.aot")).doesNotExist();
            untilClosed.flush();
        }
        assertThat(holder.waitFor()).isZero();
        assertThat(run(listInCheckout()).exitCode()).isZero();
        assertThat(state.resolve("blkspc.aot")).isEmptyFile(); // tried, by a JVM that makes none
    }

    /** In a copy of the launcher that has a jar and no cache yet. */
    private ProcessBuilder listInCheckout() throws IOException {
        Path copy =
                Files.copy(ROOT.resolve("blkspc"), dir.resolve("checkout/blkspc"), COPY_ATTRIBUTES, REPLACE_EXISTING);
        Files.writeString(dir.resolve("checkout/.blkspc/blkspc.jar"), "");
        ProcessBuilder list = launcher(copy.toString(), "--pool", "p", "list");
        list.environment().keySet().removeAll(List.of("BLKSPC_NO_BUILD", "BLKSPC_NO_AOT"));
        list.environment().put("BLKSPC_JAVA_HOME", printingJdk().toString());
        return list;
    }

    private Path printingJdk() throws IOException {
        Path jdk = dir.resolve("jdk");
        Path bin = Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
        for (String program : List.of("java", "javac")) {
            Path script = Files.writeString(bin.resolve(program), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
            assertThat(script.toFile().setExecutable(true)).isTrue();
        }
        return jdk;
    }

    private ProcessBuilder launcher(String... command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(dir.toFile());
        builder.environment().put("BLKSPC_NO_BUILD", "yes");
        builder.environment().put("BLKSPC_JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private Outcome run(ProcessBuilder builder) throws IOException, InterruptedException {
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "BLKSPC_JAVA_OPTS"));
        Path output = dir.resolve("output");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), Files.readString(output));
    }

    private record Outcome(int exitCode, String text) {}
}
