package io.blkspc.cli.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A plain tar archive, padded with zeros to a given size. Source of the format: POSIX.1, pax, "ustar Interchange Format".
 */
final class TarArchive {

    private static final int RECORD_BYTES = 512;

    private TarArchive() {}

    /** Writes the regular files of a tree. */
    static void write(Path tree, Path archive, long sizeBytes) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(tree)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        try (OutputStream out = Files.newOutputStream(archive)) {
            for (Path file : files) {
                byte[] content = Files.readAllBytes(file);
                out.write(header(tree.relativize(file).toString(), content.length));
                out.write(content);
                out.write(new byte[(RECORD_BYTES - content.length % RECORD_BYTES) % RECORD_BYTES]);
            }
        }
        try (RandomAccessFile padded = new RandomAccessFile(archive.toFile(), "rw")) {
            padded.setLength(sizeBytes); // two records of zeros end an archive; more do not matter
        }
    }

    private static byte[] header(String name, int length) {
        byte[] header = new byte[RECORD_BYTES];
        put(header, 0, name);
        put(header, 100, "0000644\0");
        put(header, 108, "0000000\0");
        put(header, 116, "0000000\0");
        put(header, 124, String.format("%011o\0", length));
        put(header, 136, "00000000000\0");
        put(header, 148, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, String.format("%06o\0 ", sum));
        return header;
    }

    private static void put(byte[] header, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }

    /** Overwrites the content of the first file from its start. */
    static void overwriteFirstFile(Path archive, byte[] content) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
            byte[] header = new byte[RECORD_BYTES];
            file.readFully(header);
            int length = Integer.parseInt(new String(header, 124, 11, StandardCharsets.US_ASCII), 8);
            file.write(content, 0, Math.min(length, content.length));
        }
    }
}
