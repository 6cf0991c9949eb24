package io.blkspc.cli.e2e;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The {@code blkspc} command on one pool, each call a process of its own, as a user's would be. */
final class Blkspc {

    /** Exit codes of the command. */
    static final int DONE = 0;

    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_FOUND_OR_EXISTS = 3;
    static final int NEEDS_CHECK = 4;
    static final int BUSY = 5;
    static final int NO_SPACE = 28;

    private final Path pool;

    Blkspc(Path pool) {
        this.pool = pool;
    }

    Path pool() {
        return pool;
    }

    /** Runs a command on the pool; the caller judges its exit code. */
    Exec.Result run(String... words) {
        return run(Exec.LIMIT, words);
    }

    Exec.Result run(Duration limit, String... words) {
        List<String> all = new ArrayList<>(Arrays.asList(words));
        all.addAll(List.of("-p", pool.toString()));
        return Exec.run(limit, command(all));
    }

    /** Runs a command that must succeed. */
    Exec.Result ok(String... words) {
        return run(words).ok();
    }

    /** Runs a command with {@code --json} that must succeed, and reads its object. */
    Map<String, Object> object(String... words) {
        try {
            return JSON.std.mapFrom(json(words).out());
        } catch (IOException notJson) {
            throw new UncheckedIOException("not a JSON object: command=" + List.of(words), notJson);
        }
    }

    /** Runs a command with {@code --json} that must succeed, and reads its array of objects. */
    List<Map<String, Object>> array(String... words) {
        try {
            return JSON.std.listFrom(json(words).out()).stream()
                    .map(Blkspc::typed)
                    .toList();
        } catch (IOException notJson) {
            throw new UncheckedIOException("not a JSON array: command=" + List.of(words), notJson);
        }
    }

    private Exec.Result json(String... words) {
        String[] all = Arrays.copyOf(words, words.length + 1);
        all[words.length] = "--json";
        return ok(all);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> typed(Object object) {
        return (Map<String, Object>) object;
    }

    /** The words that start the product with these arguments; it does not name the pool. */
    static List<String> command(List<String> words) {
        return command(List.of(), words);
    }

    static List<String> command(List<String> jvmFlags, List<String> words) {
        List<String> command = new ArrayList<>(Product.java(jvmFlags));
        command.addAll(words);
        return command;
    }
}
