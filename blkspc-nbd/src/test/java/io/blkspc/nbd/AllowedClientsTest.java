package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who is let in: on TCP by address, on a unix socket by the permissions of its file. */
@Timeout(60)
class AllowedClientsTest {

    /** {@code true} when the server greets, {@code false} when it closes without a byte. */
    private static boolean isLetIn(InetAddress listening, String target, String... allowed) throws IOException {
        List<AddressRange> ranges =
                Arrays.stream(allowed).map(AddressRange::parse).toList();
        NbdAddress address = new NbdAddress.Tcp(listening, 0, NbdAddress.Protection.NONE, ranges);
        try (NbdServer server = NbdServer.start(NbdConfig.on(address), null)) {
            int port = ((NbdAddress.Tcp) server.addresses().getFirst()).port();
            try (Socket client = new Socket(InetAddress.ofLiteral(target), port)) {
                return client.getInputStream().read() == 'N';
            } catch (java.net.SocketException reset) {
                return false;
            }
        }
    }

    @Test
    void onlyAllowedAddressesAreGreeted() throws IOException {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        assertThat(isLetIn(loopback, "127.0.0.1")).isTrue();
        assertThat(isLetIn(loopback, "127.0.0.1", "127.0.0.1")).isTrue();
        assertThat(isLetIn(loopback, "127.0.0.1", "198.51.100.0/24", "127.0.0.0/8"))
                .isTrue();
        assertThat(isLetIn(loopback, "127.0.0.1", "127.0.0.10")).isFalse();
        assertThat(isLetIn(loopback, "127.0.0.1", "198.51.100.0/24", "::/0")).isFalse();
    }

    /** On a socket for both families an IPv4 client has an IPv6 address at the system's side. */
    @Test
    void aSocketForBothFamiliesKnowsIpv4ClientsByTheirAddress() throws IOException {
        assumeTrue(hasIpv6(), "skipped: missing part IPv6 on this machine");
        InetAddress all = InetAddress.ofLiteral("::");
        assertThat(isLetIn(all, "127.0.0.1", "127.0.0.1")).isTrue();
        assertThat(isLetIn(all, "127.0.0.1", "::ffff:127.0.0.1")).isTrue();
        assertThat(isLetIn(all, "127.0.0.1", "::1", "::/0")).isFalse();
        assertThat(isLetIn(all, "::1", "::1")).isTrue();
        assertThat(isLetIn(all, "::1", "127.0.0.0/8", "0.0.0.0/0")).isFalse();
    }

    private static boolean hasIpv6() throws IOException {
        try (Stream<InetAddress> addresses =
                NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)) {
            return addresses.anyMatch(address -> address.getAddress().length == 16);
        }
    }

    @ParameterizedTest
    @EnumSource(NbdAddress.Sharing.class)
    void theSocketHasTheModeThatWasAskedFor(NbdAddress.Sharing sharing, @TempDir Path directory) throws IOException {
        Path path = directory.resolve("s");
        try (NbdServer _ = NbdServer.start(NbdConfig.on(new NbdAddress.Unix(path, sharing)), null)) {
            String mode = switch (sharing) {
                case OWNER -> "rw-------";
                case GROUP -> "rw-rw----";
                case EVERYBODY -> "rw-rw-rw-";
            };
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo(mode);
        }
    }
}
