package io.blkspc.cli.command;

import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import io.blkspc.cli.text.Sizes;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What every command has: the options of the program, its outputs, and the way to the pool. */
abstract class Task implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    /** {@code true} when it changes the pool, so that an error of the medium leaves the outcome unknown. */
    boolean changes() {
        return false;
    }

    final Blkspc root() {
        return (Blkspc) spec.root().userObject();
    }

    final Environment environment() {
        return root().environment;
    }

    final PrintStream out() {
        return environment().out();
    }

    final PoolLocation location() {
        return PoolLocation.of(root().pool, environment().variables());
    }

    /** Begins to show progress where someone can see it. */
    final Progress progress(String what) {
        boolean isSeen = environment().terminal().errIsTerminal() && !root().noProgress && !root().json;
        return new Progress(isSeen ? environment().err() : null, what);
    }

    /** What a command does with the pool. */
    interface Use<T> {
        T with(PoolLink link) throws Exception;
    }

    /** Goes to the pool, uses it, and lets it go; only then the result counts. */
    final <T> T withPool(Use<T> use) throws Exception {
        PoolLink link;
        try (Progress progress = progress("pool:")) {
            link = new PoolDoor(environment().access(), location(), progress::say).enter(changes());
        }
        try (link) {
            return use.with(link);
        }
    }

    /** Prints a result: JSON when that is asked for, else the text for people. */
    final void show(Object json, Supplier<String> text) {
        if (root().json) {
            out().println(Json.pretty(json));
        } else {
            out().print(text.get());
        }
    }

    /** A byte count as the user wants it. */
    final String size(Object bytes) {
        if (bytes == null) {
            return null;
        }
        long value = Json.asLong(bytes);
        return root().bytes ? Long.toString(value) : Sizes.human(value);
    }
}
