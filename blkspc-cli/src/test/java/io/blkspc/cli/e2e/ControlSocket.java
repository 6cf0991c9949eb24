package io.blkspc.cli.e2e;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * The control protocol spoken directly, so that a test can give many commands a second. One thread uses it at a time.
 */
final class ControlSocket implements AutoCloseable {

    /** The server answered that it did not do it. */
    static final class Refused extends RuntimeException {

        private static final long serialVersionUID = 1;

        Refused(Object error) {
            super("server refused: " + error);
        }
    }

    private final SocketChannel channel;
    private final BufferedReader lines;

    private ControlSocket(SocketChannel channel) {
        this.channel = channel;
        lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    static ControlSocket of(Path pool) throws IOException {
        return new ControlSocket(SocketChannel.open(UnixDomainSocketAddress.of(pool.resolve("control.sock"))));
    }

    /**
     * Gives one command and waits for its answer.
     *
     * @throws Refused when it failed and nothing changed
     * @throws IOException when the server is gone: it happened or not
     */
    Object request(String operation, Map<String, Object> arguments) throws IOException {
        String line = JSON.std.asString(Map.of("v", 1, "op", operation, "args", arguments)) + "\n";
        channel.write(StandardCharsets.UTF_8.encode(line));
        while (true) {
            String answer = lines.readLine();
            if (answer == null) {
                throw new EOFException("server closed the control socket");
            }
            Map<String, Object> message = JSON.std.mapFrom(answer);
            if (message.containsKey("ok")) {
                return message.get("ok");
            }
            if (message.containsKey("error")) {
                throw new Refused(message.get("error"));
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
