package io.blkspc.cli.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs one external command to its end, within a time limit, and keeps what it printed. */
final class Exec {

    /** Long enough for any command of these tests on a slow machine; a command that takes longer hangs. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    /**
     * What a finished command left behind.
     *
     * @param command its words
     * @param exit its exit code
     * @param out its standard output
     * @param err its standard error
     */
    record Result(List<String> command, int exit, String out, String err) {

        /** Fails the test, with everything the command said, unless it exited with 0. */
        Result ok() {
            return exits(0);
        }

        /** Fails the test, with everything the command said, unless it exited with this code. */
        Result exits(int expected) {
            if (exit != expected) {
                throw new AssertionError("wrong exit code: expected=" + expected + ", " + this);
            }
            return this;
        }

        @Override
        public String toString() {
            int main = Math.max(command.indexOf("io.blkspc.cli.Main"), command.indexOf("-jar") + 1);
            return "exit=" + exit + ", command=" + command.subList(Math.max(0, main), command.size())
                    + "\n--- stdout\n" + tail(out) + "\n--- stderr\n"
                    + tail(err);
        }

        private static String tail(String text) {
            return text.length() <= 4000 ? text : "..." + text.substring(text.length() - 4000);
        }
    }

    private Exec() {}

    static Result run(String... command) {
        return run(LIMIT, List.of(command));
    }

    static Result run(List<String> command) {
        return run(LIMIT, command);
    }

    /** Runs the command; one that does not end within the limit is killed and fails the test. */
    static Result run(Duration limit, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LC_ALL", "C");
        return run(limit, builder);
    }

    /** As {@link #run(Duration, List)}, for a process whose directory or environment the caller has set. */
    static Result run(Duration limit, ProcessBuilder builder) {
        List<String> command = List.copyOf(builder.command());
        try {
            Process process = builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .start();
            Capture out = Capture.of(process.getInputStream());
            Capture err = Capture.of(process.getErrorStream());
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
            Result result = new Result(command, process.waitFor(), out.text(), err.text());
            if (!ended) {
                throw new AssertionError("command did not end: limit=" + limit + ", " + result);
            }
            return result;
        } catch (IOException failure) {
            throw new UncheckedIOException("command could not run: command=" + command, failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting: command=" + command, interrupted);
        }
    }

    /** Collects one output stream in a thread of its own, so that a full pipe never stops the command. */
    static final class Capture {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread reader;

        private Capture(InputStream stream) {
            reader = Thread.ofPlatform().daemon().name("e2e-capture").start(() -> collect(stream));
        }

        static Capture of(InputStream stream) {
            return new Capture(stream);
        }

        private void collect(InputStream stream) {
            byte[] chunk = new byte[8192];
            try (stream) {
                for (int count = stream.read(chunk); count >= 0; count = stream.read(chunk)) {
                    synchronized (bytes) {
                        bytes.write(chunk, 0, count);
                    }
                }
            } catch (IOException closed) {
                // The process was killed: what was read so far is all there is.
            }
        }

        /** Everything, once the stream has ended; what is there after two seconds if something still holds it open. */
        String text() throws InterruptedException {
            reader.join(2000);
            return soFar();
        }

        String soFar() {
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
        }
    }
}
