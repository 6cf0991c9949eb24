package io.blkspc.cli.control;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;

/** A connection to the control socket of a server. Owned by one thread. */
public final class ControlClient implements AutoCloseable {

    /** A server at work says so every five seconds; one that is silent this long is stuck. */
    private static final long SILENCE_MILLIS = 30_000;

    private final LineChannel lines;

    private ControlClient(LineChannel lines) {
        this.lines = lines;
    }

    /**
     * Connects.
     *
     * @throws IOException when nothing listens there
     */
    public static ControlClient connect(Path socket) throws IOException {
        return new ControlClient(
                new LineChannel(SocketChannel.open(UnixDomainSocketAddress.of(socket)), Message.MAX_ANSWER_BYTES));
    }

    /**
     * Sends one request and waits for its answer.
     *
     * @param changes {@code true} when it changes the pool: a lost answer then means that the outcome is unknown
     * @return the answer, plain JSON
     * @throws CommandFailure as the server judged the failure; or when the answer was lost
     */
    public Object request(String operation, Map<String, Object> arguments, boolean changes) {
        return request(operation, arguments, changes, "run it again");
    }

    /**
     * As {@link #request(String, Map, boolean)}.
     *
     * @param advice what to do where the outcome is unknown
     */
    public Object request(String operation, Map<String, Object> arguments, boolean changes, String advice) {
        try {
            lines.writeLine(Message.request(operation, arguments));
            while (true) {
                String line = lines.readLine(SILENCE_MILLIS);
                if (line == null) {
                    throw new IOException("connection closed");
                }
                Map<String, Object> message = Json.object(line);
                if (message.containsKey("ok")) {
                    return message.get("ok");
                }
                if (message.get("error") instanceof Map<?, ?> error
                        && error.get("exit") instanceof Integer exitCode
                        && error.get("line") instanceof String words) {
                    throw new CommandFailure(exitCode, words);
                }
            }
        } catch (IOException lost) {
            throw answerLost(operation, changes, advice, lost);
        }
    }

    private static CommandFailure answerLost(String operation, boolean changes, String advice, IOException lost) {
        String facts = ": operation=" + operation + ", reason=" + lost.getMessage();
        return changes
                ? new CommandFailure(
                        ExitCode.UNKNOWN,
                        "the server's answer was lost and it may have happened or not, " + advice + facts,
                        lost)
                : new CommandFailure(ExitCode.FAILED, "the server's answer was lost" + facts, lost);
    }

    @Override
    public void close() {
        try {
            lines.close();
        } catch (IOException ignored) {
            // Nothing depends on how a connection ends from which everything was read.
        }
    }
}
