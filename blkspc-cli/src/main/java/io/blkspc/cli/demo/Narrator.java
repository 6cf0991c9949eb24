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

    private static final int TIME_COLUMN = 88;

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
        if (out != null) {
            String time = time(millis);
            int gap = Math.max(2, TIME_COLUMN - 11 - sentence.length() - time.length());
            print(terminal.bold(String.format("%-11s", word)) + sentence + " ".repeat(gap) + terminal.faint(time));
        }
        begin();
    }

    /** More about the step above. */
    void more(String sentence) {
        print(" ".repeat(11) + sentence);
    }

    /** More about the step above that was checked. */
    void checked(String sentence) {
        print(" ".repeat(9) + terminal.good("\u2713 ") + sentence);
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
