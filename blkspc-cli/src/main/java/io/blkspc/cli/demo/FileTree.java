package io.blkspc.cli.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** A directory tree to put into an image: some hundred small texts and a few large files of noise, from a fixed seed. */
final class FileTree {

    private static final long SEED = 20080109;
    private static final int DIRECTORIES = 12;
    private static final int TEXTS_PER_DIRECTORY = 40;
    private static final int NOISE_FILES = 6;
    private static final int NOISE_BYTES = 4 << 20;

    private FileTree() {}

    /** Makes the tree and returns the number of its files. */
    static int make(Path root) throws IOException {
        Random random = new Random(SEED);
        int files = 0;
        for (int d = 0; d < DIRECTORIES; d++) {
            Path directory = Files.createDirectories(root.resolve(String.format("notes-%02d", d)));
            for (int t = 0; t < TEXTS_PER_DIRECTORY; t++) {
                String line = "note " + t + " of directory " + d + ": " + Long.toHexString(random.nextLong()) + "\n";
                Files.writeString(
                        directory.resolve(String.format("note-%03d.txt", t)),
                        line.repeat(1 + random.nextInt(200)),
                        StandardCharsets.UTF_8);
                files++;
            }
        }
        Path media = Files.createDirectories(root.resolve("media"));
        for (int n = 0; n < NOISE_FILES; n++) {
            byte[] noise = new byte[NOISE_BYTES];
            random.nextBytes(noise);
            Files.write(media.resolve("noise-" + n + ".bin"), noise);
            files++;
        }
        return files;
    }

    /** Removes a directory with everything in it; one that is not there is removed already. */
    static void remove(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(root)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }
}
