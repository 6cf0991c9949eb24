package io.blkspc.nbd.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;

/**
 * A private key in one of the three forms that openssl and certtool write without a password. The JDK reads only the first;
 * the older two hold its innermost part, so the rest is put around them:
 *
 * <pre>
 *  PRIVATE KEY                      PKCS #8    SEQUENCE { INTEGER 0, algorithm, OCTET STRING { key } }
 *  RSA PRIVATE KEY                  PKCS #1    key
 *  EC PRIVATE KEY                   SEC 1      key
 * </pre>
 *
 * The algorithm is the same as in the certificate's public key: SEQUENCE { algorithm, BIT STRING }.
 */
final class PemKey {

    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

    private PemKey() {}

    /** The key of {@code owner}; refuses one that belongs to another certificate. */
    static PrivateKey read(PemFile file, PublicKey owner) throws IOException {
        for (PemFile.Block block : file.blocks()) {
            byte[] pkcs8 = switch (block.label()) {
                case "PRIVATE KEY" -> block.der();
                case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> pkcs8(block.der(), owner.getEncoded());
                case "ENCRYPTED PRIVATE KEY" ->
                    throw new IOException(
                            "the key has a password; a server has nobody to ask for it: path=" + file.path());
                default -> null; // such as EC PARAMETERS
            };
            if (pkcs8 != null) {
                return keyOf(pkcs8, owner, file);
            }
        }
        throw new IOException("no private key: path=" + file.path());
    }

    private static PrivateKey keyOf(byte[] pkcs8, PublicKey owner, PemFile file) throws IOException {
        try {
            PrivateKey key =
                    KeyFactory.getInstance(owner.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            byte[] probe = {1, 2, 3};
            Signature signature = signature(owner);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(owner);
            signature.update(probe);
            if (signature.verify(signed)) {
                return key;
            }
        } catch (GeneralSecurityException unusable) {
            throw new IOException(
                    "not the key of the certificate: path=" + file.path() + ", certificate=" + owner.getAlgorithm()
                            + ", cause=" + unusable.getMessage(),
                    unusable);
        }
        throw new IOException("not the key of the certificate: path=" + file.path());
    }

    private static Signature signature(PublicKey owner) throws GeneralSecurityException {
        return Signature.getInstance(
                switch (owner.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> owner.getAlgorithm();
                });
    }

    private static byte[] pkcs8(byte[] key, byte[] publicKey) throws IOException {
        byte[] algorithm = firstElement(contents(publicKey));
        return der(SEQUENCE, VERSION_0, algorithm, der(OCTET_STRING, key));
    }

    /** What is inside an element. */
    private static byte[] contents(byte[] element) throws IOException {
        return Arrays.copyOfRange(element, headerBytes(element), elementBytes(element));
    }

    private static byte[] firstElement(byte[] elements) throws IOException {
        return Arrays.copyOf(elements, elementBytes(elements));
    }

    private static int headerBytes(byte[] element) {
        int first = element[1];
        return 2 + (first >= 0 ? 0 : first & 0x7f);
    }

    private static int elementBytes(byte[] element) throws IOException {
        int header = headerBytes(element);
        int length = header == 2 ? element[1] : 0;
        for (int i = 2; i < header; i++) {
            length = (length << 8) | (element[i] & 0xff);
        }
        if (header > 2 + Integer.BYTES || length < 0 || length > element.length - header) {
            throw new IOException("damaged public key: bytes=" + element.length);
        }
        return header + length;
    }

    private static byte[] der(int tag, byte[]... parts) throws IOException {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        if (length > 0xffff) {
            throw new IOException("not a private key: bytes=" + length);
        }
        byte[] element = new byte[4 + length];
        int at = 0;
        element[at++] = (byte) tag;
        if (length > 0x7f) {
            int lengthBytes = length > 0xff ? 2 : 1;
            element[at++] = (byte) (0x80 | lengthBytes);
            for (int i = lengthBytes - 1; i >= 0; i--) {
                element[at++] = (byte) (length >> (8 * i));
            }
        } else {
            element[at++] = (byte) length;
        }
        for (byte[] part : parts) {
            System.arraycopy(part, 0, element, at, part.length);
            at += part.length;
        }
        return Arrays.copyOf(element, at);
    }
}
