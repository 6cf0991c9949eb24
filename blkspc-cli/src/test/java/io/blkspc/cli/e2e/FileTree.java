package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Makes trees of files and takes their fingerprints. */
final class FileTree {

    /** In every marker file, so that a negative control can find file contents on the raw device. */
    static final String MARKER = "MARKER-of-a-file-that-must-not-change";

    private FileTree() {}

    /** Some hundred small files, some large ones, one written synchronously in small pieces, and markers. */
    static void make(Path root, long seed) {
        Random random = new Random(seed);
        try {
            for (int directory = 0; directory < 6; directory++) {
                Path parent = Files.createDirectories(root.resolve("d" + directory + "/sub"));
                for (int file = 0; file < 25; file++) {
                    Files.write(parent.resolve("small" + file), bytes(random, random.nextInt(20_000)));
                }
                Files.write(root.resolve("d" + directory + "/large"), bytes(random, 1 + random.nextInt(3 << 20)));
            }
            Files.writeString(root.resolve("marker"), (MARKER + "\n").repeat(400));
            try (OutputStream stream = Files.newOutputStream(
                    root.resolve("synchronous"), StandardOpenOption.CREATE, StandardOpenOption.DSYNC)) {
                for (int piece = 0; piece < 20; piece++) {
                    stream.write(bytes(random, 5000));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Changes some files in the middle, deletes some, adds some. */
    static void change(Path root, long seed) {
        Random random = new Random(seed);
        try {
            for (int directory = 0; directory < 3; directory++) {
                Path parent = root.resolve("d" + directory);
                try (FileChannel large = FileChannel.open(parent.resolve("large"), StandardOpenOption.WRITE)) {
                    large.write(ByteBuffer.wrap(bytes(random, 10_000)), large.size() / 2);
                }
                Files.delete(parent.resolve("sub/small" + directory));
                Files.write(parent.resolve("added"), bytes(random, 300_000));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static byte[] bytes(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Relative path of every regular file, with the SHA-256 of its contents. */
    static Map<String, String> fingerprints(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            Map<String, String> sums = new TreeMap<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sums.put(root.relativize(file).toString(), sha256(file));
            }
            return sums;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String sha256(Path file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
