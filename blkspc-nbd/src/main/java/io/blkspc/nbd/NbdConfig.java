package io.blkspc.nbd;

import io.blkspc.nbd.service.NbdLimits;
import java.util.List;

/**
 * What a server is started with.
 *
 * @param addresses where to listen, at least one
 * @param limits what clients are granted
 */
public record NbdConfig(List<NbdAddress> addresses, NbdLimits limits) {

    /** Checks that there is something to listen on. */
    public NbdConfig {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("a server needs an address");
        }
    }

    /** The default limits on some addresses. */
    public static NbdConfig on(NbdAddress... addresses) {
        return new NbdConfig(List.of(addresses), NbdLimits.DEFAULT);
    }
}
