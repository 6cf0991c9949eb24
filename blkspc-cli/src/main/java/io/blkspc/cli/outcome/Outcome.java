package io.blkspc.cli.outcome;

import io.blkspc.api.BlockSpaceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * How a failure is told: exit code and line. Made once, where the failure happened (in the server or in the command), so
 * that both ways of running a command end alike.
 *
 * @param exitCode one of {@link ExitCode}
 * @param line one line, without the name of the program in front
 */
public record Outcome(int exitCode, String line) {

    /** Judges a failure of a command that changes the pool, or does not. */
    public static Outcome of(Throwable failure, boolean changes) {
        return switch (failure) {
            case CommandFailure told -> new Outcome(told.exitCode(), oneLine(told.getMessage()));
            case BlockSpaceException pool -> new Outcome(ExitCode.of(pool.code(), changes), oneLine(pool.getMessage()));
            case IllegalArgumentException argument -> new Outcome(ExitCode.USAGE, oneLine(argument.getMessage()));
            case UncheckedIOException io -> new Outcome(ExitCode.FAILED, ofFile(io.getCause()));
            case IOException io -> new Outcome(ExitCode.FAILED, ofFile(io));
            case OutOfMemoryError memory ->
                new Outcome(ExitCode.FAILED, "out of memory: " + oneLine(memory.getMessage()));
            default ->
                new Outcome(
                        ExitCode.FAILED,
                        "internal error: " + failure.getClass().getSimpleName()
                                + (failure.getMessage() == null ? "" : ": " + oneLine(failure.getMessage()))
                                + " (-v shows where)");
        };
    }

    private static String ofFile(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "no such file: path=" + missing.getFile();
            case AccessDeniedException denied -> "permission denied: path=" + denied.getFile();
            case FileAlreadyExistsException exists -> "file exists: path=" + exists.getFile();
            case FileSystemException other ->
                (other.getReason() == null ? "input/output error" : oneLine(other.getReason())) + ": path="
                        + other.getFile();
            default -> "input/output error: " + oneLine(String.valueOf(failure.getMessage()));
        };
    }

    private static String oneLine(String text) {
        return text == null ? "no details" : text.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
    }
}
