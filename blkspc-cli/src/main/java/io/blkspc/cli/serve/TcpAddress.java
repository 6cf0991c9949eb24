package io.blkspc.cli.serve;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.nbd.AddressRange;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdAddress.Protection;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Reads {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code :PORT}; beyond loopback plain text must be asked for. */
final class TcpAddress {

    private TcpAddress() {}

    static NbdAddress parse(String text, ServeOptions.Encryption encryption, List<AddressRange> allowed) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw CommandFailure.usage("not an address: value=" + text + " (expected HOST:PORT)");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            InetAddress address = host.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(host);
            Protection protection = protection(address, encryption, text);
            return new NbdAddress.Tcp(address, Integer.parseInt(text.substring(colon + 1)), protection, allowed);
        } catch (UnknownHostException unknown) {
            throw new CommandFailure(ExitCode.USAGE, "no such host: value=" + host, unknown);
        } catch (NumberFormatException notNumber) {
            throw new CommandFailure(ExitCode.USAGE, "not a port: value=" + text, notNumber);
        }
    }

    /** What keeps others from reading along there; without anything it is refused. */
    static Protection protection(InetAddress address, ServeOptions.Encryption encryption, String text) {
        if (encryption.plaintextIsAllowed()) {
            return Protection.NONE;
        }
        if (encryption.directory() != null) {
            return Protection.TLS;
        }
        if (!address.isLoopbackAddress()) {
            throw CommandFailure.usage("TCP without encryption is served on loopback only: value=" + text
                    + " (--tls DIR encrypts, --allow-plaintext does without)");
        }
        return Protection.LOOPBACK;
    }
}
