package io.blkspc.nbd.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;

/**
 * Certificates made by openssl, once for all tests of a process: an authority with an EC key, a server and a client with RSA
 * keys, and a client whom another authority knows. A test that needs them is skipped where there is no openssl.
 */
public final class TestCertificates {

    private static final String RSA = "rsa:2048";
    private static final String[] EC = {"ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"};
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final TestCertificates ONLY = make();

    private final Path directory;
    private final SSLContext client;
    private final SSLContext stranger;
    private final SSLContext nameless;

    private TestCertificates(Path directory) throws IOException, GeneralSecurityException {
        this.directory = directory;
        directory.toFile().deleteOnExit(); // last of all
        authority("ca");
        signed("server", "ca", "subjectAltName=IP:127.0.0.1,DNS:localhost");
        signed("client", "ca", "extendedKeyUsage=clientAuth");
        authority("other-ca");
        signed("stranger", "other-ca", "extendedKeyUsage=clientAuth");
        client = context("client");
        stranger = context("stranger");
        nameless = context(null);
    }

    private static TestCertificates make() {
        if (!Files.isExecutable(Path.of("/usr/bin/openssl"))) {
            return null;
        }
        try {
            return new TestCertificates(Files.createTempDirectory("nbd-certificates"));
        } catch (IOException | GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static TestCertificates only() {
        assumeTrue(ONLY != null, "openssl is not installed");
        return ONLY;
    }

    private void authority(String name) throws IOException {
        List<String> words = new ArrayList<>(List.of("-newkey"));
        words.addAll(List.of(EC));
        words.addAll(List.of("-addext", "keyUsage=keyCertSign,cRLSign")); // CA:TRUE is openssl's own default
        openssl(name, words);
    }

    private void signed(String name, String authority, String extension) throws IOException {
        openssl(
                name,
                List.of(
                        "-newkey",
                        RSA,
                        "-CA",
                        file(authority, "cert").toString(),
                        "-CAkey",
                        file(authority, "key").toString(),
                        "-addext",
                        "basicConstraints=critical,CA:FALSE",
                        "-addext",
                        extension));
    }

    private Path file(String name, String kind) {
        return directory.resolve(name + "-" + kind + ".pem");
    }

    private void openssl(String name, List<String> more) throws IOException {
        Path key = file(name, "key");
        Path certificate = file(name, "cert");
        List<String> words = new ArrayList<>(List.of("/usr/bin/openssl", "req", "-x509", "-nodes", "-days", "30"));
        words.addAll(List.of("-subj", "/CN=" + name, "-keyout", key.toString(), "-out", certificate.toString()));
        words.addAll(more);
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException("openssl: " + text);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        certificate.toFile().deleteOnExit();
        key.toFile().deleteOnExit();
    }

    /** Writes what a server reads, and what libnbd and qemu read of a client, into {@code target}. */
    public static Path write(Path target) {
        try {
            Files.createDirectories(target);
            Files.writeString(target.resolve("ca-cert.pem"), certificate("ca"));
            for (String name : List.of("server", "client")) {
                Files.writeString(target.resolve(name + "-cert.pem"), certificate(name) + certificate("ca"));
                Files.writeString(target.resolve(name + "-key.pem"), pem("PRIVATE KEY", key(name)));
            }
            return target;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The key of {@code name} in PKCS #8. */
    public static byte[] key(String name) {
        return der(only().file(name, "key"));
    }

    /** The certificate of {@code name} in PEM. */
    public static String certificate(String name) {
        return "Subject: CN=" + name + "\n" + pem("CERTIFICATE", der(only().file(name, "cert")));
    }

    private static byte[] der(Path file) {
        try {
            String text = Files.readString(file).replaceAll("-----[A-Z ]+-----", "");
            return Base64.getMimeDecoder().decode(text);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + label
                + "-----\n";
    }

    /** The engine of a client that believes the authority and has its certificate. */
    public static SSLEngine clientEngine(String... protocols) {
        return engine(only().client, protocols);
    }

    /** The engine of a client that believes the authority and has a certificate which another one signed. */
    public static SSLEngine strangerEngine(String... protocols) {
        return engine(only().stranger, protocols);
    }

    /** The engine of a client that believes the authority and has no certificate. */
    public static SSLEngine namelessEngine(String... protocols) {
        return engine(only().nameless, protocols);
    }

    private SSLContext context(String own) throws IOException, GeneralSecurityException {
        KeyStore keys = emptyStore();
        if (own != null) {
            PrivateKey key =
                    KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(der(file(own, "key"))));
            keys.setKeyEntry("client", key, PASSWORD, new Certificate[] {x509(own)});
        }
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
        keyManagers.init(keys, PASSWORD);
        KeyStore believed = emptyStore();
        believed.setCertificateEntry("ca", x509("ca"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(believed);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, PASSWORD);
        return store;
    }

    private Certificate x509(String name) throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der(file(name, "cert"))));
    }

    private static SSLEngine engine(SSLContext context, String... protocols) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        if (protocols.length > 0) {
            engine.setEnabledProtocols(protocols);
        }
        return engine;
    }
}
