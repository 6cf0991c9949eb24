package io.blkspc.cli.image;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/** A file that somebody named for an image or a dump. */
public final class TargetFile {

    private static final String PARTIAL = ".blkspc-partial-";
    private static final int S_IFMT = 0xf000;
    private static final int S_IFBLK = 0x6000;
    private static final int BUFFER_BYTES = 1 << 20;

    private TargetFile() {}

    /** A pool must not lose a file to an image, whether somebody has it open or not. */
    public static void refusePartOfPool(Path target) throws IOException {
        if (!Files.exists(target) || Files.isDirectory(target)) {
            return;
        }
        Path directory = target.toRealPath().getParent();
        if (Files.isRegularFile(target) && Files.exists(directory.resolve("superblock"))) {
            throw new CommandFailure(ExitCode.BUSY, "file lies in the directory of a pool: file=" + target);
        }
        int mode = (int) Files.getAttribute(target, "unix:mode");
        if (Files.isRegularFile(target) || (mode & S_IFMT) == S_IFBLK) {
            try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock == null) {
                    throw new CommandFailure(
                            ExitCode.BUSY, "file is in use by a pool or another program: file=" + target);
                }
            }
        }
    }

    /**
     * The name a file has until it is complete.
     *
     * @throws CommandFailure when there is no directory for it
     */
    public static Path partial(Path target) {
        if (!Files.exists(target.getParent())) {
            throw new CommandFailure(ExitCode.FAILED, "no such directory: directory=" + target.getParent());
        }
        return target.resolveSibling(
                "." + target.getFileName() + PARTIAL + ProcessHandle.current().pid());
    }

    /** Of processes that were killed while they wrote this file. */
    private static void removeLeftovers(Path target) throws IOException {
        if (!Files.isReadable(target.getParent())) {
            return; // which may be written to all the same
        }
        String prefix = "." + target.getFileName() + PARTIAL;
        try (DirectoryStream<Path> beside = Files.newDirectoryStream(target.getParent(), Files::isRegularFile)) {
            for (Path each : beside) {
                String name = each.getFileName().toString();
                if (name.startsWith(prefix) && isOfTheDead(name.substring(prefix.length()))) {
                    Files.deleteIfExists(each);
                }
            }
        }
    }

    private static boolean isOfTheDead(String pid) {
        return pid.matches("[0-9]{1,18}")
                && ProcessHandle.of(Long.parseLong(pid)).isEmpty();
    }

    /**
     * Writes a file that takes the place of an older one only when it is complete and on the medium. A pipe or terminal is written
     * to as it is.
     *
     * @param writing writes everything to the stream it is given
     */
    public static <T> T write(Path named, Function<OutputStream, T> writing) throws IOException {
        refusePartOfPool(named);
        if (Files.isDirectory(named)) {
            throw CommandFailure.usage("is a directory: path=" + named);
        }
        if (Files.exists(named) && !Files.isRegularFile(named)) {
            // an interrupt ends the wait for who reads, which it does not in Files.newOutputStream
            try (OutputStream out = Channels.newOutputStream(FileChannel.open(named, StandardOpenOption.WRITE))) {
                return writing.apply(out);
            }
        }
        Path target = Files.exists(named) ? named.toRealPath() : named.toAbsolutePath();
        removeLeftovers(target);
        Path partial = partial(target);
        partial.toFile().deleteOnExit(); // a signal ends the process without what is below
        try {
            T result;
            try (FileChannel channel =
                    FileChannel.open(partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
                result = writing.apply(out);
                out.flush();
                channel.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
                directory.force(true); // or a power cut could take the name away again
            }
            return result;
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
