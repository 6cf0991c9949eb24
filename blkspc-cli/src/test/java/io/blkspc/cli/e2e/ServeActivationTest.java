package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.nbd.NbdAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server as systemd starts it with socket activation: descriptor 3 listens, and says so in the environment. */
@Timeout(180)
class ServeActivationTest {

    /** Listens, then becomes the program with the socket as descriptor 3; the last line says so, as sd_listen_fds(3) asks for. */
    private static final String MANAGER = """
            import os, socket, sys
            where, count, words = sys.argv[1], sys.argv[2], sys.argv[3:]
            if where.startswith("/"):
                listening = socket.socket(socket.AF_UNIX)
                listening.bind(where)
                os.chmod(where, 0o660)
            else:
                listening = socket.socket(socket.AF_INET)
                listening.bind((where, 0))
            listening.listen(16)
            copy = os.dup(listening.fileno())
            os.dup2(copy, 3, inheritable=True)
            os.environ.update(LISTEN_FDS=count, LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="nbd")
            os.execvp(words[0], words)
            """;

    @TempDir
    private Path directory;

    private TestPool pool;

    @BeforeEach
    void makePool() {
        Tools.require("python3");
        pool = TestPool.create(directory.resolve("pool"), "64M");
        pool.command().ok("create", "vm", "-s", "1M");
    }

    private static List<String> manager(String where, int count) {
        return List.of(Tools.path("python3"), "-c", MANAGER, where, Integer.toString(count));
    }

    private ServerProcess activated(String where, int count, String... options) {
        ServerProcess server = new ServerProcess(pool.directory(), options);
        server.launchUnder(manager(where, count));
        return server;
    }

    @Test
    void aUnixSocketOfTheManagerIsServedAndLeftToIt() throws IOException {
        Path socket = directory.resolve("s");
        try (ServerProcess server = activated(socket.toString(), 1);
                SocketChannel early = connectAsSoonAsPossible(socket)) {
            ByteBuffer greeting = ByteBuffer.allocate(1);
            early.read(greeting);
            assertThat(greeting.get(0))
                    .as("who came before the server was there is greeted")
                    .isEqualTo((byte) 'N');
            assertThat(server.awaitReadyOrDead()).as(server.printed()).isTrue();
            assertThat(server.readyLine())
                    .as("the socket of the manager, then the one in the pool")
                    .isEqualTo("ready " + NbdAddress.unix(socket).uri() + " "
                            + NbdAddress.unix(pool.directory().resolve("nbd.sock"))
                                    .uri());
            assertThat(server.socket()).isEqualTo(socket);
            try (NbdConnection connection = server.connect("vm")) {
                assertThat(connection.sizeBytes()).isEqualTo(1 << 20);
            }
            server.stopCleanly();
            assertThat(Files.exists(socket)).as("the manager goes on listening").isTrue();
            assertThat(Files.exists(pool.directory().resolve("nbd.sock"))).isFalse();
        }
    }

    private static SocketChannel connectAsSoonAsPossible(Path socket) {
        AtomicReference<SocketChannel> client = new AtomicReference<>();
        boolean isConnected = Await.within(Duration.ofSeconds(30), () -> {
            try {
                client.set(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
            } catch (IOException notYet) {
                return false;
            }
            return true;
        });
        assertThat(isConnected).as("the manager listens").isTrue();
        return client.get();
    }

    @Test
    void theSocketOfThePoolItselfMayBeTheManagers() throws IOException {
        Path socket = pool.directory().resolve("nbd.sock");
        try (ServerProcess server = activated(socket.toString(), 1)) {
            assertThat(server.awaitReadyOrDead()).as(server.printed()).isTrue();
            assertThat(server.readyLine())
                    .isEqualTo("ready " + NbdAddress.unix(socket).uri());
            pool.command().ok("stop");
            assertThat(server.awaitExit(Duration.ofSeconds(30))).isZero();
        }
    }

    @Test
    void aTcpSocketIsServedByTheRulesOfTcp() throws IOException {
        try (ServerProcess server = activated("127.0.0.1", 1, "-v", "--allow", "198.51.100.1")) {
            server.awaitReadyOrDead();
            Matcher port = Pattern.compile("nbd://127\\.0\\.0\\.1:(\\d+)/").matcher(server.printed());
            assertThat(port.find()).as(server.printed()).isTrue();
            try (Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(port.group(1)))) {
                assertThat(client.getInputStream().read())
                        .as("not an allowed address")
                        .isEqualTo(-1);
            }
            server.stopCleanly();
        }
        try (ServerProcess server = activated("0.0.0.0", 1)) {
            assertThat(server.awaitExit(Duration.ofSeconds(60))).isEqualTo(Blkspc.USAGE);
            assertThat(server.printed()).contains("TCP without encryption is served on loopback only");
        }
    }

    @Test
    void severalSocketsAreRefused() {
        try (ServerProcess server = activated(directory.resolve("s").toString(), 2)) {
            assertThat(server.awaitExit(Duration.ofSeconds(60))).isEqualTo(Blkspc.USAGE);
            assertThat(server.printed()).contains("LISTEN_FDS=2");
        }
        pool.command().ok("list");
    }
}
