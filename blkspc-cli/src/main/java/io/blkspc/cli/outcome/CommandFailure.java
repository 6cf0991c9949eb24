package io.blkspc.cli.outcome;

/** A command that cannot go on: an exit code and one line for the user. */
public final class CommandFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * A failure that is told in full by its line.
     *
     * @param exitCode one of {@link ExitCode}
     * @param line one line, without the name of the program in front
     */
    public CommandFailure(int exitCode, String line) {
        super(line);
        this.exitCode = exitCode;
    }

    /** A failure with what caused it, which {@code -v} shows. */
    public CommandFailure(int exitCode, String line, Throwable cause) {
        super(line, cause);
        this.exitCode = exitCode;
    }

    /** A wrong command line. */
    public static CommandFailure usage(String line) {
        return new CommandFailure(ExitCode.USAGE, line);
    }

    /** One of {@link ExitCode}. */
    public int exitCode() {
        return exitCode;
    }
}
