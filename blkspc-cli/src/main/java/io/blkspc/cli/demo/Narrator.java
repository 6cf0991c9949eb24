package io.blkspc.cli.demo;

import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Terminal;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tells the steps of the story in aligned lines, and remembers them for JSON. */
final class Narrator {

    /** Where sentences begin: after the word and the time. */
    private static final int MARGIN = 18;

    private final PrintStream out;
    private final Terminal terminal;
    private final List<Map<String, Object>> steps = new ArrayList<>();
    private long startNanos = System.nanoTime();

    /** Tells to {@code out}; {@code null}: only remembers. */
    Narrator(PrintStream out, Terminal terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** The next step begins now. */
    void begin() {
        startNanos = System.nanoTime();
    }

    /** A step is done and true. */
    void step(String word, String sentence, Object... facts) {
        long millis = (System.nanoTime() - startNanos) / 1_000_000;
        Map<String, Object> step = Json.of("step", word, "ms", millis);
        step.putAll(Json.of(facts));
        steps.add(step);
        print(terminal.bold(String.format("%-9s", word)) + terminal.faint(String.format("%7s", time(millis))) + "  "
                + sentence);
        begin();
    }

    /** More about the step above. */
    void more(String sentence) {
        print(" ".repeat(MARGIN) + sentence);
    }

    /** More about the step above that was checked. */
    void checked(String sentence) {
        print(" ".repeat(MARGIN - 2) + terminal.good("\u2713 ") + sentence);
    }

    /** A line of its own. */
    void print(String line) {
        if (out != null) {
            out.println(line);
            out.flush();
        }
    }

    List<Map<String, Object>> steps() {
        return steps;
    }

    private static String time(long millis) {
        return millis < 1000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }
}
