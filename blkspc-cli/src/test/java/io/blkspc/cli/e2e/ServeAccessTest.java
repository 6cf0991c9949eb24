package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who connects is in the log of the server, and who was refused too: one line each. */
@Timeout(180)
class ServeAccessTest {

    private static final Pattern PORT = Pattern.compile("nbd://127\\.0\\.0\\.1:(\\d+)/");

    @TempDir
    private Path directory;

    @Test
    void everyConnectionAndEveryRefusalIsOneLine() throws IOException {
        TestPool pool = TestPool.create(directory.resolve("pool"), "64M");
        pool.command().ok("create", "vm", "-s", "1M");
        try (ServerProcess server =
                new ServerProcess(pool.directory(), "-v", "--tcp", "127.0.0.1:0", "--allow", "198.51.100.0/24")) {
            server.start();
            server.connect("vm").close();
            int from = refusedFrom(server.readyLine());
            String line = "a client is refused: not an allowed address: from=127.0.0.1, port=" + from;
            assertThat(Await.within(
                            Duration.ofSeconds(10), () -> server.printed().contains(line)))
                    .as(server.printed())
                    .isTrue();
            assertThat(server.printed().split(Pattern.quote("port=" + from), -1))
                    .as("one line about it")
                    .hasSize(2);
            assertThat(server.printed())
                    .containsPattern("client-1: export=vm, user=" + System.getProperty("user.name"));
            server.stopCleanly();
        }
    }

    /**
     * What a client says after the greeting, and the one line about it.
     *
     * @param line what the log says; empty where there is nothing to say
     * @param words 8 hexadecimal digits are the client's flags, then come options and requests
     */
    private record Refusal(String line, String words) {}

    private static Refusal refusal(String line, String... words) {
        return new Refusal(line, String.join("", words));
    }

    private static final String OPTION = "49484156454f5054";
    private static final String GO_VM = OPTION + "00000007" + "00000008" + "00000002" + "766d" + "0000";

    private static final List<Refusal> REFUSALS = List.of(
            refusal(""),
            refusal("", "00000003", OPTION + "00000002" + "00000000"), // ABORT
            refusal("refused: a client of the oldstyle handshake, which is not offered", "25609513"),
            refusal("refused: unknown client flags: flags=83", "00000083"),
            refusal("refused: not an option: magic=4848484848484848", "00000003", "48".repeat(16)),
            refusal(
                    "refused: option is too long: option=99, length=65537",
                    "00000003",
                    OPTION + "00000063" + "00010001"),
            refusal("refused: too many options: options=32", "00000003", (OPTION + "00000063" + "00000000").repeat(33)),
            refusal(
                    "refused: no such export: name=\"nobody\"",
                    "00000003",
                    OPTION + "00000001" + "00000006" + "6e6f626f6479"),
            refusal(
                    "refused: no such export: name=\"nobody\"",
                    "00000003",
                    OPTION + "00000007" + "0000000c" + "00000006" + "6e6f626f6479" + "0000",
                    OPTION + "00000002" + "00000000"),
            refusal(
                    "refused: the option EXPORT_NAME cannot follow extended headers",
                    "00000003",
                    OPTION + "0000000b" + "00000000",
                    OPTION + "00000001" + "00000002" + "766d"),
            refusal("connection ended: not a request: magic=ffffffff", "00000003", GO_VM, "ff".repeat(28)),
            refusal(
                    "connection ended: payload is too long: length=67108865",
                    "00000003",
                    GO_VM,
                    "25609513" + "0000" + "0001" + "00".repeat(16) + "04000001"));

    @Test
    void whatAClientIsRefusedForIsOneLine() throws IOException {
        TestPool pool = TestPool.create(directory.resolve("pool"), "64M");
        pool.command().ok("create", "vm", "-s", "1M");
        try (ServerProcess server = new ServerProcess(pool.directory(), "-v")) {
            server.start();
            for (Refusal refusal : REFUSALS) {
                say(server, refusal);
            }
            server.connect("vm").close();
            String last = "client-" + (REFUSALS.size() + 1) + ": export=vm";
            Await.until(
                    "the log", Duration.ofSeconds(10), () -> server.printed().contains(last));
            for (int i = 0; i < REFUSALS.size(); i++) {
                assertSaid("client-" + (i + 1) + ": ", REFUSALS.get(i).line(), server.printed());
            }
            server.stopCleanly();
        }
    }

    /** Exports are keys of the catalogue: no name that a client says is seen in a system call that takes a path. */
    @Test
    void namesNeverBecomePaths() throws IOException {
        Strace.require();
        TestPool pool = TestPool.create(directory.resolve("pool"), "64M");
        pool.command().ok("create", "vm", "-s", "1M");
        Path calls = directory.resolve("calls");
        try (ServerProcess server = new ServerProcess(pool.directory())) {
            server.launchUnder(
                    List.of(Tools.path("strace"), "-f", "-qqq", "-o", calls.toString(), "-e", "trace=%file"));
            assertThat(server.awaitReadyOrDead()).as(server.printed()).isTrue();
            for (String name : List.of("../vm-probe", "/tmp/vm-probe", "vm-probe", "vm@vm-probe", "./vm/../vm-probe")) {
                say(server, refusal("", "00000003", option(8, ""), named(name), option(1, hex(name))));
            }
            server.connect("vm").close();
            server.traced().destroy();
            assertThat(server.awaitExit(Duration.ofSeconds(30))).isZero();
        }
        assertThat(Files.readString(calls))
                .contains(pool.directory().toString())
                .doesNotContain("vm-probe");
    }

    /** Every option that takes a name and can be refused, with that one. */
    private static String named(String name) {
        String length = "%08x".formatted(name.length());
        String context = "qemu:dirty-bitmap:../vm@../vm-probe";
        String query = "00000001%08x".formatted(context.length()) + hex(context);
        return option(6, length + hex(name) + "0000")
                + option(7, length + hex(name) + "0000")
                + option(9, length + hex(name) + "00000000")
                + option(10, length + hex(name) + "00000000")
                + option(9, "00000002" + hex("vm") + query);
    }

    private static String option(int number, String data) {
        return OPTION + "%08x%08x".formatted(number, data.length() / 2) + data;
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertSaid(String client, String line, String log) {
        List<String> said = log.lines()
                .filter(each -> each.contains(client) && !each.contains("export=vm"))
                .map(each -> each.substring(each.indexOf(client) + client.length()))
                .toList();
        assertThat(said).as(log).isEqualTo(line.isEmpty() ? List.of() : List.of(line));
    }

    /** Says it, and waits until the server has hung up. */
    private static void say(ServerProcess server, Refusal refusal) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(server.socket()))) {
            byte[] all = HexFormat.of().parseHex(refusal.words());
            channel.write(ByteBuffer.wrap(all));
            channel.shutdownOutput();
            ByteBuffer answers = ByteBuffer.allocate(4096);
            int count = 0;
            while (count >= 0) {
                count = channel.read(answers.clear());
            }
        } catch (IOException reset) { // a server that closes before it has received everything
            assertThat(reset).hasMessageMatching("Connection reset|Broken pipe");
        }
    }

    /** Connects by TCP and returns its own port; the server must close without a byte. */
    private static int refusedFrom(String readyLine) throws IOException {
        Matcher port = PORT.matcher(readyLine);
        assertThat(port.find()).as(readyLine).isTrue();
        try (Socket refused = new Socket(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(port.group(1)))) {
            assertThat(refused.getInputStream().read()).isEqualTo(-1);
            return refused.getLocalPort();
        }
    }

    @Test
    void whatCannotBeAnAddressOrAModeIsRefusedBeforeThePoolIsTaken() {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            for (String[] words : new String[][] {
                {"--tcp", "127.0.0.1:0", "--allow", "example.org"},
                {"--unix-mode", "0777"},
                {"--tcp", "0.0.0.0:0"}
            }) {
                String[] all = new String[words.length + 1];
                all[0] = "serve";
                System.arraycopy(words, 0, all, 1, words.length);
                pool.command().run(all).exits(Blkspc.USAGE);
            }
            pool.command().ok("list");
        }
    }
}
