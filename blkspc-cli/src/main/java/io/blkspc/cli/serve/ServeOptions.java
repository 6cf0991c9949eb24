package io.blkspc.cli.serve;

import io.blkspc.nbd.AddressRange;
import io.blkspc.nbd.NbdAddress.Sharing;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * How a pool is served.
 *
 * @param doors where NBD clients come in
 * @param encryption what clients on TCP must do before they are served
 * @param readOnly nothing can be changed
 * @param export glob of the names that NBD clients see, or {@code null} for all
 * @param direct data goes around the page cache
 */
public record ServeOptions(Doors doors, Encryption encryption, boolean readOnly, String export, boolean direct) {

    /** Plain text, and so on loopback only. */
    public static final Encryption NO_TLS = new Encryption(null, false, false);

    /**
     * Where NBD clients come in.
     *
     * @param unix NBD socket, or {@code null} for the one in the pool directory
     * @param sharing who may connect to it
     * @param tcp {@code HOST:PORT} to serve NBD on as well, or {@code null}
     * @param allowed where clients on TCP may come from; empty is everywhere
     * @param given a socket that a service manager opened for us, or {@code null}
     */
    public record Doors(Path unix, Sharing sharing, String tcp, List<AddressRange> allowed, ServerSocketChannel given) {

        /** The socket in the pool directory, for its owner. */
        public static final Doors USUAL = new Doors(null, Sharing.OWNER, null, List.of(), null);

        /** With TCP, from everywhere. */
        public Doors withTcp(String address) {
            return new Doors(unix, sharing, address, allowed, given);
        }
    }

    /**
     * What clients on TCP must do before they are served.
     *
     * @param directory of the server's certificates, or {@code null} for no TLS
     * @param clientsAreVerified clients show a certificate too
     * @param plaintextIsAllowed nobody has to begin TLS, wherever the address is
     */
    public record Encryption(Path directory, boolean clientsAreVerified, boolean plaintextIsAllowed) {}
}
