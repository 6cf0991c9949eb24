package io.blkspc.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.nbd.testing.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of certificates and keys: the forms people have, and clear words about the others. */
class TlsCredentialsTest {

    @TempDir
    Path directory;

    private Path key;
    private Path certificate;

    @BeforeEach
    void write() {
        TestCertificates.write(directory);
        key = directory.resolve("server-key.pem");
        certificate = directory.resolve("server-cert.pem");
    }

    private TlsCredentials read() throws IOException {
        return TlsCredentials.read(directory, true);
    }

    private void assertRefused(String words) {
        assertThatThrownBy(this::read).isInstanceOf(IOException.class).hasMessageContaining(words);
    }

    @Test
    void keysMayHaveTheFormsOfOpensslAndCerttool() throws Exception {
        assertThat(read().newEngine().getNeedClientAuth()).isTrue();
        Files.writeString(
                key, "Public Key Info:\n\n" + TestCertificates.pem("RSA PRIVATE KEY", inner("server")) + "trailing\n");
        assertThat(read().newEngine().getUseClientMode()).isFalse();
        Files.writeString(certificate, TestCertificates.certificate("ca"));
        Files.writeString(
                key,
                TestCertificates.pem("EC PARAMETERS", new byte[] {5, 0})
                        + TestCertificates.pem("EC PRIVATE KEY", inner("ca")));
        assertThat(read().newEngine().getUseClientMode()).isFalse();
        Files.writeString(key, TestCertificates.pem("PRIVATE KEY", TestCertificates.key("ca")));
        assertThat(read().newEngine().getUseClientMode()).isFalse();
    }

    /** The octets inside PKCS #8, which are all that the older forms have. */
    private static byte[] inner(String alias) {
        byte[] pkcs8 = TestCertificates.key(alias);
        int at = header(pkcs8, 0); // the sequence
        at += 3; // version
        at += header(pkcs8, at) + length(pkcs8, at); // algorithm
        int start = at + header(pkcs8, at);
        return Arrays.copyOfRange(pkcs8, start, start + length(pkcs8, at));
    }

    private static int header(byte[] der, int at) {
        return der[at + 1] >= 0 ? 2 : 2 + (der[at + 1] & 0x7f);
    }

    private static int length(byte[] der, int at) {
        int length = header(der, at) == 2 ? der[at + 1] : 0;
        for (int i = 2; i < header(der, at); i++) {
            length = (length << 8) | (der[at + i] & 0xff);
        }
        return length;
    }

    @Test
    void theKeyOfAnotherCertificateIsRefused() throws Exception {
        for (String other : new String[] {"client", "ca"}) {
            Files.writeString(key, TestCertificates.pem("PRIVATE KEY", TestCertificates.key(other)));
            assertRefused("not the key of the certificate: path=" + key);
        }
        Files.writeString(key, TestCertificates.pem("EC PRIVATE KEY", inner("ca")));
        assertRefused("not the key of the certificate");
        Files.writeString(certificate, TestCertificates.certificate("ca"));
        Files.writeString(key, TestCertificates.pem("RSA PRIVATE KEY", inner("server")));
        assertRefused("not the key of the certificate");
    }

    @Test
    void whatCannotBeReadIsNamed() throws Exception {
        Files.writeString(key, TestCertificates.pem("ENCRYPTED PRIVATE KEY", new byte[100]));
        assertRefused("the key has a password");
        Files.writeString(key, "nothing");
        assertRefused("no private key: path=" + key);
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\nAAAA=AAA\n-----END PRIVATE KEY-----\n");
        assertRefused("damaged PEM file: path=" + key);
        for (int length : new int[] {0, 1, 50, 70_000}) {
            for (String label : new String[] {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"}) {
                Files.writeString(key, TestCertificates.pem(label, new byte[length]));
                assertRefused("not ");
            }
        }
        Files.write(key, new byte[2 << 20]);
        assertRefused("not a PEM file: path=" + key);
        Files.delete(key);
        assertRefused("no such file: path=" + key);
        TestCertificates.write(directory);
        Files.writeString(certificate, TestCertificates.pem("CERTIFICATE", new byte[77]));
        assertRefused("damaged certificate: path=" + certificate);
        Files.writeString(certificate, "");
        assertRefused("no certificate: path=" + certificate);
    }

    @Test
    void theAuthorityIsNeededOnlyWhereClientsAreAsked() throws Exception {
        Files.delete(directory.resolve("ca-cert.pem"));
        assertRefused("no such file");
        assertThat(TlsCredentials.read(directory, false).newEngine().getNeedClientAuth())
                .isFalse();
    }
}
