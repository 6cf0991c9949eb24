package io.blkspc.cli.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What import and export make of a server that fails, lies or leaves: an error each time, and never bytes that nobody sent. */
@Timeout(60)
class NbdClientTest {

    private static final String GREETING = "4e42444d41474943" + "49484156454f5054" + "0003";
    private static final String AGREED = "0003e889045565a9" + "00000007" + "00000003" + "0000000c" + "0000"
            + "0000000000100000" + "0165" + "0003e889045565a9" + "00000007" + "00000001" + "00000000";
    private static final int CHOICE_BYTES = 4 + 16 + 4 + 2 + 2; // flags and a GO for "vm"
    private static final int REQUEST_BYTES = 28;
    private static final String OK = "67446698" + "00000000" + "COOKIE";

    @TempDir
    private Path directory;

    /** Answers one request with {@code reply}, in which COOKIE stands for that of the request, and hangs up. */
    private Thread server(ServerSocketChannel listener, String reply) {
        return Thread.ofPlatform().start(() -> {
            try (SocketChannel client = listener.accept()) {
                send(client, GREETING);
                take(client, CHOICE_BYTES);
                send(client, AGREED);
                ByteBuffer request = take(client, REQUEST_BYTES);
                send(client, reply.replace("COOKIE", "%016x".formatted(request.getLong(8))));
            } catch (IOException gone) {
                throw new AssertionError(gone);
            }
        });
    }

    private static void send(SocketChannel client, String hex) throws IOException {
        client.write(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    }

    private static ByteBuffer take(SocketChannel client, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            assertThat(client.read(bytes)).isPositive();
        }
        return bytes;
    }

    private interface Use {
        void of(NbdClient client, MemorySegment memory);
    }

    private void answered(String reply, Use use) throws Exception {
        Path path = directory.resolve("s");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                Arena arena = Arena.ofConfined()) {
            listener.bind(UnixDomainSocketAddress.of(path));
            Thread server = server(listener, reply);
            try (NbdClient client = NbdClient.connect(path, "vm")) {
                assertThat(client.sizeBytes()).isEqualTo(1 << 20);
                use.of(client, arena.allocate(4));
            }
            server.join();
        }
    }

    @Test
    void whatTheServerSendsIsRead() throws Exception {
        answered(OK + "01020304", (client, memory) -> {
            client.read(0, 4, memory, 0);
            assertThat(memory.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3, 4);
        });
    }

    @ParameterizedTest
    @CsvSource({"00000005, 1", "00000016, 1", "0000001c, 28", "0000006c, 1", "ffffffff, 1"})
    void anErrorOfTheServerIsAnError(String errno, int exit) throws Exception {
        String refusal = "67446698" + errno + "COOKIE";
        answered(refusal, (client, memory) -> assertFails(() -> client.read(0, 4, memory, 0), exit));
    }

    @Test
    void aWriteThatIsRefusedIsAnError() throws Exception {
        answered(
                "67446698" + "0000001c" + "COOKIE",
                (client, memory) -> assertFails(() -> client.trim(0, 4096), ExitCode.NO_SPACE));
        Files.delete(directory.resolve("s"));
        answered("67446698" + "00000005" + "COOKIE", (client, memory) -> assertFails(client::flush, ExitCode.FAILED));
    }

    /** A wrong magic number, the cookie of nobody, and an end before the reply, inside it, and inside the data. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "67446699" + "00000000" + "COOKIE" + "01020304",
                "668e33ef" + "00000000" + "COOKIE" + "01020304",
                "67446698" + "00000000" + "0123456789abcdef" + "01020304",
                "",
                "67446698" + "0000",
                "67446698" + "00000000" + "COOKIE",
                "67446698" + "00000000" + "COOKIE" + "010203"
            })
    void aReplyThatIsNoneIsAnError(String reply) throws Exception {
        answered(reply, (client, memory) -> assertFails(() -> client.read(0, 4, memory, 0), ExitCode.FAILED));
    }

    private static void assertFails(Runnable use, int exit) {
        assertThatThrownBy(use::run)
                .isInstanceOfSatisfying(
                        CommandFailure.class,
                        failure -> assertThat(failure.exitCode()).isEqualTo(exit))
                .hasMessageContaining("volume=vm");
    }
}
