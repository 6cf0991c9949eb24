package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** docs/operations.md: the command lines, states and messages it names. */
final class OperationsPage {

    private static final Path PAGE = Path.of("..", "docs", "operations.md");
    private static final Pattern COMMAND = Pattern.compile("`blkspc ([^`]+)`");
    private static final Pattern STATE = Pattern.compile("(?m)^\\| `([a-z-]+)` \\| [^|]+ \\| [^|]+ \\|$");
    private static final Pattern MESSAGE = Pattern.compile("(?m)^\\| (`[^|]+`) \\| (\\d+|–) \\| [^|]+ \\|$");
    private static final Pattern TEXT = Pattern.compile("`([^`]+)`");

    /** One message, with the exit code of the command that tells it, or -1 for a line of the log. */
    record Message(String text, int exitCode) {}

    private final String text;
    private final Deque<String> left = new ArrayDeque<>();

    OperationsPage() {
        try {
            text = Files.readString(PAGE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Matcher command = COMMAND.matcher(text);
        while (command.find()) {
            left.add(command.group(1));
        }
    }

    /** Every state of the table. */
    List<String> states() {
        List<String> states = new ArrayList<>();
        Matcher state = STATE.matcher(text);
        while (state.find()) {
            states.add(state.group(1));
        }
        return states;
    }

    /** Every row of the table of messages; a row with two texts twice. */
    List<Message> messages() {
        List<Message> messages = new ArrayList<>();
        Matcher row = MESSAGE.matcher(text);
        while (row.find()) {
            Matcher each = TEXT.matcher(row.group(1));
            while (each.find()) {
                messages.add(
                        new Message(each.group(1), row.group(2).equals("–") ? -1 : Integer.parseInt(row.group(2))));
            }
        }
        return messages;
    }

    /** The exit code the page says a message comes with. */
    int exitCodeOf(String message) {
        return messages().stream()
                .filter(each -> each.text().equals(message))
                .findFirst()
                .orElseThrow(() -> new AssertionError("not on the page: " + message))
                .exitCode();
    }

    /** The words of the next command line of the page, which must be this one, with names in place of its capitals. */
    String[] next(String command, Map<String, String> names) {
        String found = left.poll();
        if (!command.equals(found)) {
            throw new AssertionError("next on the page is: " + found + ", the test expects: " + command);
        }
        return Arrays.stream(found.replace("...", "").split(" ", -1))
                .map(word -> replaced(word, names))
                .toArray(String[]::new);
    }

    private static String replaced(String word, Map<String, String> names) {
        String with = word;
        for (Map.Entry<String, String> name : names.entrySet()) {
            with = with.replaceFirst("\\b" + name.getKey() + "\\b", Matcher.quoteReplacement(name.getValue()));
        }
        if (with.matches(".*\\b[A-Z]{3,}\\b.*")) {
            throw new AssertionError("nothing stands for a word of the page: " + with);
        }
        return with;
    }

    /** Command lines nobody asked for with {@link #next}. */
    List<String> left() {
        return List.copyOf(left);
    }
}
