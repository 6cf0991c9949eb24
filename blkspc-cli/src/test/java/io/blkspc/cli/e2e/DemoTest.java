package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The first command of the README: it tells its story to the end and leaves nothing behind. */
@Timeout(150)
class DemoTest {

    @TempDir
    private Path directory;

    @Test
    void demoTellsWholeStoryAndLeavesNothing() throws IOException {
        Path home = Files.createDirectories(directory.resolve("home"));
        Path temporary = Files.createDirectories(directory.resolve("tmp"));
        List<String> jvmFlags = List.of("-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary);
        ProcessBuilder builder = new ProcessBuilder(Blkspc.command(jvmFlags, List.of("demo")));
        builder.environment().put("HOME", home.toString());
        builder.environment().put("TMPDIR", temporary.toString());
        builder.environment().remove("XDG_DATA_HOME");

        Exec.Result demo = Exec.run(Duration.ofMinutes(2), builder).ok();
        assertThat(demo.out())
                .containsIgnoringCase("clone")
                .containsIgnoringCase("exclusive")
                .containsIgnoringCase("kill")
                .doesNotContain("Exception");
        assertThat(whatToType(demo.out())).hasSizeGreaterThan(6).isSubsetOf(readmeCommands());
        assertThat(left(temporary)).isEmpty();
        assertThat(left(home)).isEmpty();
    }

    /** The commands the demo ends with, by the name a checkout has for the program. */
    private static List<String> whatToType(String story) {
        return story.substring(story.indexOf("What to type next"))
                .lines()
                .skip(1)
                .map(line -> line.strip().replaceFirst("^(sudo )?(\\S*/)?blkspc ", "$1./blkspc "))
                .toList();
    }

    private static List<String> readmeCommands() throws IOException {
        return Files.readAllLines(Path.of("..", "README.md")).stream()
                .filter(line -> line.startsWith("$ "))
                .map(line -> line.substring(2).replaceFirst("\\s+# .*", ""))
                .toList();
    }

    private static List<Path> left(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> !file.equals(directory))
                    // The JVM's own counters; it removes them itself.
                    .filter(file -> !file.toString().contains("hsperfdata"))
                    .toList();
        }
    }
}
