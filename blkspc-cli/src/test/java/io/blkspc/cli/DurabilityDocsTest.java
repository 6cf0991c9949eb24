package io.blkspc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/durability.md names tests and classes that exist, and says of each promise what shows it or that nothing does. */
class DurabilityDocsTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)`");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (D\\d+[a-z]?) \\| (.*) \\| (.*) \\|$");

    @Test
    void everyClassItNamesExists() throws IOException {
        Set<String> classes = classes();
        Set<String> named = new TreeSet<>();
        Matcher name = CLASS.matcher(page());
        while (name.find()) {
            named.add(name.group(1));
        }
        assertThat(named).hasSizeGreaterThan(40);
        named.remove("OutOfMemoryError");
        assertThat(classes).containsAll(named);
    }

    @Test
    void everyPromiseIsThereOnceAndShownOrSaidToBeMissing() throws IOException {
        List<String> numbers = new ArrayList<>();
        Set<String> classes = classes();
        Matcher row = ROW.matcher(page());
        while (row.find()) {
            numbers.add(row.group(1));
            Matcher test = CLASS.matcher(row.group(3));
            boolean isShown = test.find() && classes.contains(test.group(1));
            assertThat(isShown || row.group(2).contains("*Not built:*"))
                    .as(row.group(1))
                    .isTrue();
        }
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= 22; i++) {
            expected.add("D" + i);
            if (i == 5) {
                expected.addAll(List.of("D5c", "D5d"));
            }
        }
        assertThat(numbers).isEqualTo(expected);
    }

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/durability.md"));
    }

    /** Names of the source files of all modules. */
    private static Set<String> classes() throws IOException {
        Set<String> names = new TreeSet<>();
        for (String module : List.of("api", "host", "nbd", "xfsish", "cli")) {
            try (Stream<Path> files =
                    Files.walk(ROOT.resolve("blkspc-" + module).resolve("src"))) {
                files.map(file -> file.getFileName().toString())
                        .filter(file -> file.endsWith(".java"))
                        .forEach(file -> names.add(file.substring(0, file.length() - ".java".length())));
            }
        }
        return names;
    }
}
