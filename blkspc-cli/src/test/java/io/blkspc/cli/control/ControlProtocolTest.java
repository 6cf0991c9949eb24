package io.blkspc.cli.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.outcome.Outcome;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends of the control socket, and what is sent to it by mistake or in bad faith. */
class ControlProtocolTest {

    @TempDir
    Path directory;

    private final CountDownLatch release = new CountDownLatch(1);
    private Path socket;
    private ControlServer server;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("control.sock");
        server = ControlServer.start(socket, new RequestHandler() {
            @Override
            public Object handle(String operation, Map<String, Object> arguments) {
                return switch (operation) {
                    case "echo" -> arguments;
                    case "null" -> null;
                    case "wait" -> {
                        awaitRelease();
                        yield "released";
                    }
                    default -> throw new CommandFailure(3, "no such thing: name=" + operation);
                };
            }

            @Override
            public Outcome judge(String operation, Throwable failure) {
                return Outcome.of(failure, true);
            }
        });
    }

    @AfterEach
    void stop() {
        release.countDown();
        server.close();
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void onlyTheUserMayConnect() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void answersComeBackAsTheyWere() throws IOException {
        Map<String, Object> arguments =
                Map.of("text", "a\n\"\u00b5\"", "number", 1L << 40, "list", java.util.List.of(1));

        try (ControlClient client = ControlClient.connect(socket)) {
            assertThat(client.request("echo", arguments, false)).isEqualTo(arguments);
            assertThat(client.request("null", Map.of(), false)).isNull();
        }
    }

    @Test
    void failuresComeBackWithTheirExitCode() throws IOException {
        try (ControlClient client = ControlClient.connect(socket)) {
            assertThatThrownBy(() -> client.request("frob", Map.of(), true))
                    .isInstanceOfSatisfying(
                            CommandFailure.class,
                            failure -> assertThat(failure.exitCode()).isEqualTo(3))
                    .hasMessage("no such thing: name=frob");
            assertThat(client.request("echo", Map.of(), false)).isNotNull();
        }
    }

    @Test
    void slowRequestDoesNotHoldUpAnotherClient() throws Exception {
        try (ControlClient slow = ControlClient.connect(socket);
                ControlClient quick = ControlClient.connect(socket)) {
            Thread waiting = Thread.ofVirtual().start(() -> slow.request("wait", Map.of(), false));
            assertThat(quick.request("echo", Map.of(), false)).isNotNull();
            assertThat(waiting.isAlive()).isTrue();
            release.countDown();
            waiting.join();
        }
    }

    @Test
    void badLinesAreAnsweredAndTheNextOneIsHeard() throws IOException {
        try (Raw raw = new Raw(socket)) {
            for (String bad : new String[] {
                "",
                "hello",
                "[]",
                "{}",
                "null",
                "{\"v\":1}",
                "{\"v\":2,\"op\":\"echo\"}",
                "{\"v\":1,\"op\":7}",
                "{\"v\":1,\"op\":\"echo\",\"args\":[]}",
                "\u0001"
            }) {
                raw.send(bad + "\n");
                assertThat(raw.line()).as(bad).startsWith("{\"error\":{\"exit\":1,\"line\":\"");
            }
            raw.send("{\"v\":1,\"op\":\"echo\",\"args\":{\"a\":1}}\n");
            assertThat(raw.line()).isEqualTo("{\"ok\":{\"a\":1}}");
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        try (Raw raw = new Raw(socket)) {
            raw.send("{\"v\":1,\"op\":\"echo\",\"args\":{\"a\":1}}\n{\"v\":1,\"op\":\"echo\",\"args\":{\"a\":2}}\n");
            assertThat(raw.line()).contains("\"a\":1");
            assertThat(raw.line()).contains("\"a\":2");
        }
    }

    @Test
    void endlessLineCostsItsSenderTheConnection() throws IOException {
        byte[] chunk = "x".repeat(1 << 16).getBytes(StandardCharsets.US_ASCII);
        try (Raw raw = new Raw(socket)) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            raw.channel.write(ByteBuffer.wrap(chunk));
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
        try (ControlClient client = ControlClient.connect(socket)) {
            assertThat(client.request("echo", Map.of(), false)).isNotNull();
        }
    }

    @Test
    void lostAnswerLeavesAChangeUnknown() throws Exception {
        Path dying = directory.resolve("dying.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(dying));
            for (boolean changes : new boolean[] {true, false}) {
                try (ControlClient client = ControlClient.connect(dying)) {
                    listener.accept().close();
                    assertThatThrownBy(() -> client.request("create", Map.of(), changes))
                            .isInstanceOfSatisfying(
                                    CommandFailure.class,
                                    failure -> assertThat(failure.exitCode())
                                            .isEqualTo(changes ? ExitCode.UNKNOWN : ExitCode.FAILED));
                }
            }
        }
    }

    @Test
    void lostAnswerOfADifferenceIsNotToBeAskedForAgain() throws Exception {
        Path dying = directory.resolve("dying.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(dying));
            try (ControlClient client = ControlClient.connect(dying)) {
                listener.accept().close();
                assertThatThrownBy(() -> client.request("resize", Map.of(), true, "look first"))
                        .isInstanceOf(CommandFailure.class)
                        .hasMessageContaining("look first")
                        .hasMessageNotContaining("run it again");
            }
        }
    }

    @Test
    void closingRemovesTheSocketAndEndsConnections() throws IOException {
        try (Raw raw = new Raw(socket)) {
            raw.send("{\"v\":1,\"op\":\"echo\"}\n");
            raw.line();
            server.close();
            assertThat(raw.channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        assertThat(socket).doesNotExist();
    }

    /** A client that keeps no rules. */
    private static final class Raw implements AutoCloseable {
        private final SocketChannel channel;
        private final LineChannel lines;

        Raw(Path socket) throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            lines = new LineChannel(channel, 1 << 20);
        }

        void send(String text) throws IOException {
            channel.write(StandardCharsets.UTF_8.encode(text));
        }

        String line() throws IOException {
            return lines.readLine(10_000);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
