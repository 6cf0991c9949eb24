package io.blkspc.nbd.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The blocks of a PEM file, RFC 7468. Text between blocks, such as {@code certtool} writes, is passed over.
 *
 * @param path where it was read from
 * @param blocks in the order of the file
 */
record PemFile(Path path, List<Block> blocks) {

    /** Larger than any chain of certificates; a file that was meant for something else is not read to its end. */
    private static final long MAX_BYTES = 1 << 20;

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

    /**
     * One block.
     *
     * @param label what it is, such as {@code CERTIFICATE}
     * @param der its bytes
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Block(String label, byte[] der) {}

    static PemFile read(Path path) throws IOException {
        long size;
        try {
            size = Files.size(path);
        } catch (NoSuchFileException missing) {
            throw new IOException("no such file: path=" + path, missing);
        }
        if (size > MAX_BYTES) {
            throw new IOException("not a PEM file: path=" + path + ", bytes=" + size + ", most=" + MAX_BYTES);
        }
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(Files.readString(path, StandardCharsets.ISO_8859_1));
        while (matcher.find()) {
            try {
                blocks.add(new Block(
                        matcher.group(1),
                        Base64.getDecoder().decode(matcher.group(2).replaceAll("\\s", ""))));
            } catch (IllegalArgumentException notBase64) {
                throw new IOException("damaged PEM file: path=" + path + ", block=" + matcher.group(1), notBase64);
            }
        }
        return new PemFile(path, List.copyOf(blocks));
    }

    /** Every certificate, at least one. */
    List<X509Certificate> certificates() throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks) {
                if (block.label().equals("CERTIFICATE")) {
                    certificates.add(
                            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der())));
                }
            }
        } catch (CertificateException damaged) {
            throw new IOException("damaged certificate: path=" + path + ", cause=" + damaged.getMessage(), damaged);
        }
        if (certificates.isEmpty()) {
            throw new IOException("no certificate: path=" + path);
        }
        return certificates;
    }
}
