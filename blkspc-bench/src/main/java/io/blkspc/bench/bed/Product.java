package io.blkspc.bench.bed;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The way to the blkspc that is measured.
 *
 * @param command the words that start a server, before {@code --pool}: a JVM, its flags, what it runs
 * @param shortCommand the words that start any other command, as a user would
 * @param door goes to the server of a pool
 */
public record Product(List<String> command, List<String> shortCommand, Door door) {

    /** Copies the words. */
    public Product {
        command = List.copyOf(command);
        shortCommand = List.copyOf(shortCommand);
    }

    /** Goes to the server of a pool. */
    public interface Door {
        /** Connects to whoever serves the pool in {@code directory}. */
        Volumes enter(Path directory);
    }

    /** {@link #command} and what follows it. */
    public List<String> words(String... more) {
        List<String> words = new ArrayList<>(command);
        words.addAll(List.of(more));
        return words;
    }

    /** The same with one more flag for the JVM of a server; the last one of a kind counts. */
    public Product withFlag(String flag) {
        List<String> words = new ArrayList<>(command);
        int program = Math.max(words.indexOf("-jar"), words.indexOf("-cp"));
        words.add(program, flag);
        return new Product(words, shortCommand, door);
    }
}
