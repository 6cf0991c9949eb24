package io.blkspc.cli.command;

import com.fasterxml.jackson.jr.ob.JSON;
import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.cli.text.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Commands on one pool, run inside this process. */
public final class CommandRun {

    /** What a command left behind. */
    public static final class Result {

        private final int exitCode;
        private final byte[] rawOut;
        private final String err;

        private Result(int exitCode, byte[] rawOut, String err) {
            this.exitCode = exitCode;
            this.rawOut = rawOut;
            this.err = err;
        }

        public int exitCode() {
            return exitCode;
        }

        /** Standard output. */
        public byte[] rawOut() {
            return rawOut;
        }

        /** Standard error. */
        public String err() {
            return err;
        }

        /** Standard output as text. */
        public String out() {
            return new String(rawOut, StandardCharsets.UTF_8);
        }

        /** Fails unless the command ended with this code. */
        public Result exits(int expected) {
            if (exitCode != expected) {
                throw new AssertionError("exit=" + exitCode + ", expected=" + expected + "\n" + out() + err);
            }
            return this;
        }

        /** Standard output as one JSON object. */
        public Map<String, Object> object() {
            try {
                return JSON.std.mapFrom(out());
            } catch (IOException failure) {
                throw new UncheckedIOException(out(), failure);
            }
        }

        /** Standard output as one JSON array. */
        @SuppressWarnings("unchecked")
        public List<Map<String, Object>> array() {
            try {
                return (List<Map<String, Object>>) (List<?>) JSON.std.listFrom(out());
            } catch (IOException failure) {
                throw new UncheckedIOException(out(), failure);
            }
        }
    }

    private final PoolAccess access;
    private final Path pool;
    private InputStream in = InputStream.nullInputStream();

    public CommandRun(PoolAccess access, Path pool) {
        this.access = access;
        this.pool = pool;
    }

    public Path pool() {
        return pool;
    }

    /** The next commands read this. */
    public CommandRun stdin(byte[] bytes) {
        in = new ByteArrayInputStream(bytes);
        return this;
    }

    /** Runs a command that must succeed. */
    public Result ok(String... words) {
        return run(words).exits(0);
    }

    public Result run(String... words) {
        return runInto(new ByteArrayOutputStream(), words);
    }

    /** Runs a command whose output somebody watches meanwhile. */
    public Result runInto(ByteArrayOutputStream out, String... words) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Environment environment = new Environment(
                access,
                in,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.of("BLKSPC_POOL", pool.toString(), "HOME", "/nonexistent"),
                Terminal.NONE);
        int exitCode = Cli.run(environment, words);
        return new Result(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }
}
