package io.blkspc.cli.serve;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.socket.HandedOver;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.util.Map;

/**
 * The socket that a service manager listens on in place of the server, and hands over when the first client comes: systemd's socket
 * activation. Source: sd_listen_fds(3). Used once, by the thread that starts the server.
 */
public final class ServiceSocket {

    private static final int FIRST_FD = 3;

    private ServiceSocket() {}

    /**
     * Takes it over, if these environment variables say that there is one for this process.
     *
     * @return {@code null} when there is none
     * @throws CommandFailure when there are several, or it is none that a server can use
     */
    public static ServerSocketChannel take(Map<String, String> variables) {
        if (count(variables, ProcessHandle.current().pid()) == 0) {
            return null;
        }
        try {
            return HandedOver.listening(FIRST_FD);
        } catch (IOException failure) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "the socket of the service manager cannot be used: reason=" + failure.getMessage(),
                    failure);
        }
    }

    /** How many sockets there are for that process: 0 or 1. What was meant for another process, as our parent, is not ours. */
    static int count(Map<String, String> variables, long pid) {
        if (!Long.toString(pid).equals(variables.get("LISTEN_PID"))) {
            return 0;
        }
        String count = variables.getOrDefault("LISTEN_FDS", "0");
        if (count.equals("0")) {
            return 0;
        }
        if (!count.equals("1")) {
            throw CommandFailure.usage(
                    "one socket can be handed over, others are options: LISTEN_FDS=" + count + ", expected=1");
        }
        return 1;
    }
}
