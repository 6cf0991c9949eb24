package io.blkspc.bench.bed;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Where everything lies: one directory, so one disk. Owned by one thread.
 *
 * @param directory for the bench alone
 * @param base a raw image of random bytes, whose copies all servers begin with
 * @param bytes size of the image
 * @param pinning who runs on which processor
 */
public record Place(Path directory, Path base, long bytes, Pinning pinning) {

    /** Makes the image. */
    public static Place make(Path directory, long bytes, Pinning pinning) throws IOException {
        Files.createDirectories(directory);
        Path base = directory.resolve("base.raw");
        SplittableRandom random = new SplittableRandom(bytes);
        ByteBuffer piece = ByteBuffer.allocate(1 << 20);
        try (OutputStream out = Files.newOutputStream(base)) {
            for (long done = 0; done < bytes; done += piece.capacity()) {
                piece.clear();
                while (piece.hasRemaining()) {
                    piece.putLong(random.nextLong());
                }
                out.write(piece.array(), 0, (int) Math.min(piece.capacity(), bytes - done));
            }
        }
        return new Place(directory, base, bytes, pinning);
    }

    /** A directory of this name, empty. */
    public Path fresh(String name) throws IOException {
        Path fresh = directory.resolve(name.replaceAll("[^a-zA-Z0-9]+", "-"));
        strike(fresh);
        return Files.createDirectories(fresh);
    }

    /** Starts a server on its processors. */
    public ServerProcess serve(List<String> command, Path socket, Path home) throws IOException {
        return ServerProcess.start(pinning.ofServer(command), socket, home.resolve("log"), null);
    }

    /** As {@link #serve}, for one that puts itself into the background and leaves its number in {@code pidFile}. */
    public ServerProcess serveInBackground(List<String> command, Path socket, Path home, Path pidFile)
            throws IOException {
        return ServerProcess.start(pinning.ofServer(command), socket, home.resolve("log"), pidFile);
    }

    /** Files in {@code home} that hold the bytes of a disk. */
    public static List<Path> images(Path home) throws IOException {
        try (Stream<Path> found = Files.list(home)) {
            return found.filter(path -> path.toString().matches(".*\\.(raw|qcow2)"))
                    .toList();
        }
    }

    /** Removes a directory and all that is in it, if it is there. */
    public static void strike(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> found = Files.walk(directory)) {
            for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
