package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
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
