package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The handshake that is done before the kernel gets a connection. */
@Timeout(60)
class ExportSocketTest {

    private static final String HELLO = "4e42444d41474943" + "49484156454f5054" + "0003";
    private static final String GO_REPLY = "0003e889045565a9" + "00000007";
    private static final String INFO = GO_REPLY + "00000003" + "0000000c" + "0000" + "0000000000100000" + "016d";
    private static final String ACK = GO_REPLY + "00000001" + "00000000";

    @TempDir
    Path directory;

    private String asked;

    /** Connects to a server that says these bytes and nothing else. */
    private ExportSocket connect(String... said) throws Exception {
        Path path = directory.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            Thread thread = Thread.ofVirtual().start(() -> {
                try (SocketChannel client = server.accept()) {
                    client.write(ByteBuffer.wrap(HexFormat.of().parseHex(String.join("", said))));
                    ByteBuffer bytes = ByteBuffer.allocate(64);
                    client.read(bytes);
                    asked = HexFormat.of().formatHex(bytes.array(), 0, bytes.position());
                } catch (IOException clientLeft) {
                    asked = "";
                }
            });
            try {
                return ExportSocket.connect(path, "vm");
            } finally {
                thread.join();
            }
        }
    }

    @Test
    void sizeAndFlagsAreThoseOfTheExport() throws Exception {
        try (ExportSocket socket = connect(HELLO, INFO, ACK)) {
            assertThat(socket.sizeBytes()).isEqualTo(1 << 20);
            assertThat(socket.flags()).isEqualTo(0x16d);
            assertThat(socket.fd()).isPositive();
        }
        assertThat(asked)
                .isEqualTo("00000003" + "49484156454f5054" + "00000007" + "00000008" + "00000002"
                        + HexFormat.of().formatHex("vm".getBytes(StandardCharsets.US_ASCII)) + "0000");
    }

    @Test
    void anEndInTheMiddleIsAnError() {
        assertThatThrownBy(() -> connect(HELLO, INFO)).isInstanceOf(IOException.class);
    }

    @Test
    void anExportThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> connect(HELLO, GO_REPLY + "80000006" + "00000000"))
                .isInstanceOf(BlockSpaceException.class)
                .hasMessageContaining("name=vm");
    }

    @Test
    void nobodyListens() {
        assertThatThrownBy(() -> ExportSocket.connect(directory.resolve("none"), "vm"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("errno=2");
    }
}
