package io.blkspc.nbd.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Who the server is, and which clients it believes. Immutable; any thread may make engines.
 *
 * <p>The files have the names that qemu and nbdkit gave them: {@value #CERTIFICATE} with the chain of the server's
 * certificate, its own first; {@value #KEY} with the key of it, without a password; {@value #AUTHORITY} with those who sign
 * clients' certificates, needed only where clients must show one.
 */
public final class TlsCredentials {

    /** File of the server's certificate and those that signed it. */
    public static final String CERTIFICATE = "server-cert.pem";

    /** File of the server's private key. */
    public static final String KEY = "server-key.pem";

    /** File of the certificates that sign those of clients. */
    public static final String AUTHORITY = "ca-cert.pem";

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    /**
     * With TLS 1.3 the JDK does not offer clients the older signatures of RSA, and from that GnuTLS (seen with 3.7, which
     * libnbd and qemu use) concludes that a certificate with an RSA key is not wanted: it would send none.
     */
    private static final String[] PROTOCOLS_FOR_CLIENT_CERTIFICATES = {"TLSv1.2"};

    private static final char[] NO_PASSWORD = {};

    private final SSLContext context;
    private final boolean clientsAreVerified;

    private TlsCredentials(SSLContext context, boolean clientsAreVerified) {
        this.context = context;
        this.clientsAreVerified = clientsAreVerified;
    }

    /**
     * Reads the files of {@code directory}.
     *
     * @param clientsAreVerified clients must show a certificate that one of {@value #AUTHORITY} signed
     * @throws IOException when a file is missing, damaged, or does not belong to the others
     */
    public static TlsCredentials read(Path directory, boolean clientsAreVerified) throws IOException {
        List<X509Certificate> chain =
                PemFile.read(directory.resolve(CERTIFICATE)).certificates();
        PrivateKey key = PemKey.read(
                PemFile.read(directory.resolve(KEY)), chain.getFirst().getPublicKey());
        List<X509Certificate> authorities =
                clientsAreVerified ? PemFile.read(directory.resolve(AUTHORITY)).certificates() : List.of();
        try {
            return new TlsCredentials(context(chain, key, authorities), clientsAreVerified);
        } catch (GeneralSecurityException refused) {
            throw new IOException("TLS: directory=" + directory + ", cause=" + refused.getMessage(), refused);
        }
    }

    private static SSLContext context(List<X509Certificate> chain, PrivateKey key, List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        KeyStore own = emptyStore();
        own.setKeyEntry("server", key, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, NO_PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), believing(authorities), null);
        return context;
    }

    /** Believes these and nobody else; with none it believes nobody, and not those whom the JDK believes. */
    private static TrustManager[] believing(List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        if (authorities.isEmpty()) {
            return new TrustManager[0];
        }
        KeyStore believed = emptyStore();
        for (X509Certificate authority : authorities) {
            believed.setCertificateEntry("ca-" + believed.size(), authority);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(believed);
        return trust.getTrustManagers();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    /** An engine for one new client, server side: TLS 1.3 or 1.2, and 1.2 only where clients show a certificate. */
    public SSLEngine newEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(clientsAreVerified ? PROTOCOLS_FOR_CLIENT_CERTIFICATES : PROTOCOLS);
        parameters.setNeedClientAuth(clientsAreVerified);
        engine.setSSLParameters(parameters);
        return engine;
    }
}
