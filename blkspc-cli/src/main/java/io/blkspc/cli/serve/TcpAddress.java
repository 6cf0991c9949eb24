package io.blkspc.cli.serve;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.nbd.NbdAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Reads {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code :PORT} of a loopback address. */
final class TcpAddress {

    private TcpAddress() {}

    static NbdAddress parse(String text) {
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
            if (!address.isLoopbackAddress()) {
                throw CommandFailure.usage("TCP without encryption is served on loopback only: value=" + text);
            }
            return new NbdAddress.Tcp(address, Integer.parseInt(text.substring(colon + 1)));
        } catch (UnknownHostException unknown) {
            throw new CommandFailure(ExitCode.USAGE, "no such host: value=" + host, unknown);
        } catch (NumberFormatException notNumber) {
            throw new CommandFailure(ExitCode.USAGE, "not a port: value=" + text, notNumber);
        }
    }
}
