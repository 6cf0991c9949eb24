package io.blkspc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the README of blkspc-xfsish names is there: files and methods of its walks, and tests. */
class WalkTest {

    private static final Path README = Path.of("..", "blkspc-xfsish", "README.md");

    /** {@code cli:room/File.method}, where {@code cli:} is the command, and a file without room is in the root. */
    private static final Pattern STEP =
            Pattern.compile("`(cli:)?((?:[a-z]+/)?)([A-Z][A-Za-z]+)(?:\\.([a-z][A-Za-z]*))?`");

    @Test
    void everyFileAndMethodOfTheWalksIsThere() throws IOException {
        List<String> missing = new ArrayList<>();
        int seen = 0;
        Matcher step = STEP.matcher(Files.readString(README));
        while (step.find()) {
            String room = step.group(2);
            boolean isCommand = step.group(1) != null;
            Path root = isCommand
                    ? Path.of("src/main/java/io/blkspc/cli")
                    : Path.of("../blkspc-xfsish/src/main/java/io/blkspc/xfsish");
            Path file = root.resolve(room + step.group(3) + ".java");
            boolean isTest = room.isEmpty() && !Files.exists(file);
            if (isTest ? !isTest(step.group(3), step.group(4)) : !declares(file, step.group(4))) {
                missing.add(step.group());
            }
            seen++;
        }
        assertThat(missing).isEmpty();
        assertThat(seen).isGreaterThan(60);
    }

    private static boolean declares(Path file, String method) throws IOException {
        return Files.exists(file)
                && (method == null
                        || Pattern.compile("(?<=[\\w>\\]])(?<!return)(?<!throw)(?<!new) " + method + "\\(")
                                .matcher(Files.readString(file))
                                .find());
    }

    /** A test class or part of one by its name, or a class of the file system wherever it is. */
    private static boolean isTest(String type, String method) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String sources : List.of("../blkspc-xfsish/src", "src/test/java")) {
            try (Stream<Path> files = Files.walk(Path.of(sources))) {
                files.filter(path -> path.endsWith(type + ".java")).forEach(found::add);
            }
        }
        for (Path file : found) {
            if (declares(file, method)) {
                return true;
            }
        }
        return false;
    }
}
