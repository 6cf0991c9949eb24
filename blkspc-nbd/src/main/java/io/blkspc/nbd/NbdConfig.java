package io.blkspc.nbd;

import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.tls.TlsCredentials;
import java.util.List;

/**
 * What a server is started with.
 *
 * @param addresses where to listen, at least one
 * @param limits what clients are granted
 * @param tls for clients that begin TLS; {@code null} offers none
 */
public record NbdConfig(List<NbdAddress> addresses, NbdLimits limits, TlsCredentials tls) {

    /** Checks that there is something to listen on, and a certificate where TLS is required. */
    public NbdConfig {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("a server needs an address");
        }
        if (tls == null && addresses.stream().anyMatch(NbdConfig::needsTls)) {
            throw new IllegalArgumentException("TLS is required and there is no certificate");
        }
    }

    /** Without TLS. */
    public NbdConfig(List<NbdAddress> addresses, NbdLimits limits) {
        this(addresses, limits, null);
    }

    static boolean needsTls(NbdAddress address) {
        return switch (address) {
            case NbdAddress.Unix _ -> false;
            case NbdAddress.Tcp tcp -> tcp.protection() == NbdAddress.Protection.TLS;
            case NbdAddress.Inherited given -> given.file() == null && given.protection() == NbdAddress.Protection.TLS;
        };
    }

    /** The default limits on some addresses. */
    public static NbdConfig on(NbdAddress... addresses) {
        return new NbdConfig(List.of(addresses), NbdLimits.DEFAULT);
    }
}
