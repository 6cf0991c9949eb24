package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.pool.ModelAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** docs/cli.md shows what {@code --help} says, word for word. -Dblkspc.updateDocs=true rewrites it. */
class HelpDocsTest {

    private static final Path DOCS = Path.of("..", "docs", "cli.md");
    private static final Pattern BLOCK = Pattern.compile("```help\\n(.*?)```\\n", Pattern.DOTALL);

    @Test
    void docsShowTheHelpOfEveryCommand() throws IOException {
        String expected = helpOfAll();
        String docs = Files.readString(DOCS);
        Matcher block = BLOCK.matcher(docs);
        assertThat(block.find()).isTrue();
        if (Boolean.getBoolean("blkspc.updateDocs")) {
            Files.writeString(DOCS, docs.substring(0, block.start(1)) + expected + docs.substring(block.end(1)));
            return;
        }
        assertThat(block.group(1)).isEqualTo(expected);
    }

    @Test
    void readmeNamesOnlyCommandsThatExist() throws IOException {
        CommandRun command = new CommandRun(new ModelAccess(), Path.of("/model/pool"));
        Matcher line = Pattern.compile("(?m)^(?:\\$ )?(?:\\./)?blkspc ([a-z]+)(?: (create|status|check))?\\b")
                .matcher(Files.readString(Path.of("..", "README.md")));
        List<String> seen = new ArrayList<>();
        while (line.find()) {
            seen.add(line.group(1));
            if (!line.group(1).equals("test")) {
                command.ok(line.group(1), "--help");
            }
        }
        assertThat(seen).contains("demo", "test");
    }

    /** A unit that starts the jar by itself has no launcher to bound its memory. */
    @Test
    void theUnitGivesTheServerTheFlagsOfTheLauncher() throws IOException {
        String launcher = Files.readString(Path.of("..", "blkspc"));
        Matcher serve =
                Pattern.compile("serve \\| demo \\| bench\\) echo \"(.*)\" ;;").matcher(launcher);
        Matcher every =
                Pattern.compile("exec \"\\$jdk/bin/java\" \\$flags (.*) \\\\").matcher(launcher);
        assertThat(serve.find() && every.find()).isTrue();
        String unit = Files.readString(DOCS).replaceAll(" \\\\\\n +", " ");
        assertThat(unit).contains("/bin/java " + serve.group(1) + " " + every.group(1) + " -jar ");
    }

    private static String helpOfAll() {
        CommandRun command = new CommandRun(new ModelAccess(), Path.of("/model/pool"));
        StringBuilder text = new StringBuilder(command.ok("--help").out());
        for (List<String> words : everyCommand()) {
            List<String> line = new ArrayList<>(words);
            line.add("--help");
            text.append("\n")
                    .append(command.ok(line.toArray(String[]::new)).out().stripTrailing())
                    .append("\n");
        }
        return text.toString()
                .replace("\n\nEvery command takes --pool DIR, --json, --bytes, --no-progress, --verbose, --help.", "");
    }

    private static List<List<String>> everyCommand() {
        List<List<String>> commands = new ArrayList<>();
        CommandLine whole = Cli.whole(null);
        for (Map.Entry<String, CommandLine> word : whole.getSubcommands().entrySet()) {
            boolean isAlias = !word.getKey().equals(word.getValue().getCommandName());
            if (isAlias) {
                continue;
            }
            if (word.getValue().getSubcommands().isEmpty()) {
                commands.add(List.of(word.getKey()));
            }
            word.getValue().getSubcommands().keySet().forEach(inner -> commands.add(List.of(word.getKey(), inner)));
        }
        return commands;
    }
}
