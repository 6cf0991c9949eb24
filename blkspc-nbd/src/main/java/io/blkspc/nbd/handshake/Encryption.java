package io.blkspc.nbd.handshake;

import io.blkspc.nbd.tls.TlsCredentials;

/**
 * What a client is offered and asked for.
 *
 * @param credentials for TLS, or {@code null} where there is none
 * @param isRequired nothing but beginning TLS is answered before TLS
 */
public record Encryption(TlsCredentials credentials, boolean isRequired) {

    /** Plain text only. */
    public static final Encryption NONE = new Encryption(null, false);

    /** Checks that what is required can be had. */
    public Encryption {
        if (isRequired && credentials == null) {
            throw new IllegalArgumentException("TLS is required and there is no certificate");
        }
    }
}
