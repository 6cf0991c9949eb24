package io.blkspc.cli.serve;

import java.nio.file.Path;

/**
 * How a pool is served.
 *
 * @param unix NBD socket, or {@code null} for the one in the pool directory
 * @param tcp {@code HOST:PORT} to serve NBD on as well, or {@code null}
 * @param encryption what clients on TCP must do before they are served
 * @param readOnly nothing can be changed
 * @param export glob of the names that NBD clients see, or {@code null} for all
 * @param direct data goes around the page cache
 */
public record ServeOptions(
        Path unix, String tcp, Encryption encryption, boolean readOnly, String export, boolean direct) {

    /** Plain text, and so on loopback only. */
    public static final Encryption NO_TLS = new Encryption(null, false, false);

    /**
     * What clients on TCP must do before they are served.
     *
     * @param directory of the server's certificates, or {@code null} for no TLS
     * @param clientsAreVerified clients show a certificate too
     * @param plaintextIsAllowed nobody has to begin TLS, wherever the address is
     */
    public record Encryption(Path directory, boolean clientsAreVerified, boolean plaintextIsAllowed) {}
}
