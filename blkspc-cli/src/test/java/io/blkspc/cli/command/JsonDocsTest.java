package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.pool.ModelAccess;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** docs/cli.md names every command with the fields of its JSON, and every operation of the control protocol. */
class JsonDocsTest {

    private static final Path POOL = Path.of("/model/pool");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (`.*?) \\| (.*) \\|$");
    private static final Pattern WORDS = Pattern.compile("`([^`]*)`");

    private final ModelAccess access = new ModelAccess();
    private final CommandRun command = new CommandRun(access, POOL);

    @Test
    void everyCommandWithJsonHasARow() throws IOException {
        Set<String> commands = new TreeSet<>(Set.of("destroy -n"));
        for (CommandLine word : Cli.whole(null).getSubcommands().values()) {
            String name = word.getCommandName();
            if (word.getSubcommands().isEmpty()) {
                commands.add(name);
            }
            word.getSubcommands().values().forEach(inner -> commands.add(name + " " + inner.getCommandName()));
        }
        commands.remove("fs cat"); // prints what is in a file
        assertThat(new TreeSet<>(rows().keySet())).isEqualTo(commands);
    }

    @Test
    void rowsNameEveryField() throws IOException {
        Map<String, Set<String>> rows = rows();
        requireFields(rows, "pool create", "pool create --size 64M");
        requireFields(rows, "create", "create a -s 4M --reserve full");
        requireFields(rows, "snapshot", "snapshot a@s");
        requireFields(rows, "clone", "clone a@s b");
        requireFields(rows, "list", "list");
        requireFields(rows, "info", "info a");
        requireFields(rows, "du", "du");
        requireFields(rows, "map", "map a");
        requireFields(rows, "reservations", "reservations");
        requireFields(rows, "rename", "rename b c");
        requireFields(rows, "hold", "hold tag a@s");
        requireFields(rows, "release", "release tag a@s");
        requireFields(rows, "resize", "resize a -s +4K");
        requireFields(rows, "rollback", "rollback a@s");
        requireFields(rows, "destroy -n", "destroy -n c");
        requireFields(rows, "destroy", "destroy c");
        requireFields(rows, "pool status", "pool status");
        requireFields(rows, "pool grow", "pool grow -s 128M");
        requireFields(rows, "pool check", "pool check --deep");
        requireFields(rows, "pool events", "pool events");
        requireFields(rows, "stop", "stop");
        access.lose(new RepairResult.Lost("a", 0, 4096, "damage"));
        requireFields(rows, "pool repair", "pool repair --to /model/new");
    }

    /** What an empty model has none of: the words of the documents, from the code that makes them. */
    @Test
    void rowsNameWhatIsSeldomThere() throws IOException {
        assertThat(rows().get("jobs")).contains("id", "kind", "name", "state", "percent", "bytes");
        assertThat(rows().get("diff")).contains("offset", "length", "kind");
        assertThat(rows().get("pool dump")).contains("file", "volumes", "snapshots", "data");
    }

    @Test
    void everyOperationOfTheServerHasARow() throws IOException, IllegalAccessException {
        Set<String> operations = new TreeSet<>();
        Arrays.stream(Operation.values()).map(Operation::wireName).forEach(operations::add);
        for (Field field : ServedLink.class.getDeclaredFields()) {
            boolean isRequest = Modifier.isPublic(field.getModifiers()) && field.getType() == String.class;
            if (isRequest && !field.getName().equals("FILES")) { // a name of an export
                operations.add((String) field.get(null));
            }
        }
        assertThat(new TreeSet<>(table("## The control protocol", "\\z").keySet()))
                .isEqualTo(operations);
    }

    private void requireFields(Map<String, Set<String>> rows, String name, String line) {
        List<String> words = new ArrayList<>(List.of(line.split(" ")));
        words.add("--json");
        String out = command.run(words.toArray(String[]::new)).out();
        Set<String> fields = new TreeSet<>();
        collect(parsed(out), fields);
        assertThat(fields).as(line).isNotEmpty();
        assertThat(rows.get(name)).as(line).containsAll(fields);
    }

    private static Object parsed(String text) {
        try {
            return Json.object("{\"all\":" + text + "}").get("all");
        } catch (IOException none) {
            throw new AssertionError(text, none);
        }
    }

    private static void collect(Object value, Set<String> fields) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, inner) -> {
                fields.add((String) name);
                collect(inner, fields);
            });
        } else if (value instanceof List<?> list) {
            list.forEach(inner -> collect(inner, fields));
        }
    }

    /** Words by command; a row that says "such object" has also those of the row that it names. */
    private static Map<String, Set<String>> rows() throws IOException {
        Map<String, Set<String>> rows = table("## JSON names", "\n## ");
        Set<String> info = rows.get("info");
        info.addAll(rows.get("list"));
        for (String name : List.of("snapshot", "clone")) {
            rows.get(name).addAll(info);
        }
        return rows;
    }

    private static Map<String, Set<String>> table(String from, String to) throws IOException {
        String docs = Files.readString(Path.of("..", "docs", "cli.md"));
        String part = docs.substring(docs.indexOf(from) + from.length()).split(to, 2)[0];
        Map<String, Set<String>> rows = new LinkedHashMap<>();
        Matcher row = ROW.matcher(part);
        while (row.find()) {
            Set<String> words = words(row.group(2));
            for (String name : words(row.group(1))) {
                assertThat(rows.put(name, words)).as("a second row of %s", name).isNull();
            }
        }
        return rows;
    }

    private static Set<String> words(String cell) {
        Set<String> words = new TreeSet<>();
        WORDS.matcher(cell).results().forEach(word -> words.add(word.group(1)));
        return words;
    }
}
