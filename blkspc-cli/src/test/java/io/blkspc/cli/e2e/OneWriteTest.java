package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** docs/OneWrite.java compiles and does what its comments say, with no more than the flags of docs/jvm.args. */
@Timeout(120)
class OneWriteTest {

    private static final Path DOCS = Path.of("..", "docs");

    @TempDir
    private Path directory;

    @Test
    void theExampleRunsAsItsFirstCommentSays() {
        String pool = directory.resolve("pool").toString();
        Exec.Result result = Exec.run(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + DOCS.resolve("jvm.args"),
                "-cp",
                Product.classPath(),
                DOCS.resolve("OneWrite.java").toString(),
                pool);

        assertThat(result.ok().err()).isEmpty();
        assertThat(result.out().lines().map(line -> line.replaceFirst(" mapping\\[.*", "")))
                .containsExactly("UNWRITTEN", "COW", "fs b, copy a");
        new Blkspc(Path.of(pool)).ok("pool", "check", "--deep");
    }

    @Test
    void itsFlagsAreThoseOfTheBuild() throws IOException {
        Matcher flags = Pattern.compile("(?s)<blkspc.jvmFlags>(.*?)</blkspc.jvmFlags>")
                .matcher(Files.readString(Path.of("..", "pom.xml")));
        assertThat(flags.find()).isTrue();
        List<String> documented = Files.readAllLines(DOCS.resolve("jvm.args")).stream()
                .filter(line -> !line.startsWith("#"))
                .toList();
        assertThat(documented).containsExactlyInAnyOrder(flags.group(1).strip().split("\\s+"));
    }
}
