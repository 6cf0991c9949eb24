package io.blkspc.cli.fs;

import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A directory that a file system of ours is or was mounted on.
 *
 * @param directory absolute, without symbolic links as far as it is there
 */
public record MountPoint(Path directory) {

    private static final Path MOUNTS = Path.of("/proc/self/mounts");
    private static final String TYPE = "fuse.blkspc";
    private static final int MAX_LINKS = 40;

    /**
     * Reads one from the command line.
     *
     * @throws CommandFailure {@link ExitCode#NOT_FOUND_OR_EXISTS} when the directory above it is not there
     */
    public static MountPoint of(String text) throws IOException {
        try {
            return withoutLinks(text);
        } catch (NoSuchFileException missing) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND_OR_EXISTS, "no such directory: directory=" + missing.getFile(), missing);
        }
    }

    private static MountPoint withoutLinks(String text) throws IOException {
        Path path = withoutLinksAbove(Path.of(text));
        // The kernel follows a link, and shows where it leads.
        for (int links = 0; Files.isSymbolicLink(path); links++) {
            if (links == MAX_LINKS) {
                throw new FileSystemLoopException(text);
            }
            path = withoutLinksAbove(path.resolveSibling(Files.readSymbolicLink(path)));
        }
        return new MountPoint(path);
    }

    /** The directory itself cannot be looked at when the process behind it is gone; those above it can. */
    private static Path withoutLinksAbove(Path given) throws IOException {
        Path path = given.toAbsolutePath().normalize();
        Path parent = path.getParent();
        return parent == null ? path : parent.toRealPath().resolve(path.getFileName());
    }

    /** {@code true} while the kernel has one of ours here, alive or not. */
    public boolean isMounted() throws IOException {
        return Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1).stream()
                .map(line -> line.split(" ", -1))
                .anyMatch(words -> words.length > 2
                        && words[2].equals(TYPE)
                        && plain(words[1]).equals(bytes()));
    }

    private String bytes() {
        return new String(directory.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** Without the octal escapes of that file. */
    private static String plain(String escaped) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < escaped.length(); i++) {
            if (escaped.charAt(i) == '\\' && i + 3 < escaped.length()) {
                text.append((char) Integer.parseInt(escaped.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                text.append(escaped.charAt(i));
            }
        }
        return text.toString();
    }

    /** {@code true} when it is mounted and nobody answers: the process was killed. */
    public boolean isDead() throws IOException {
        if (!isMounted()) {
            return false;
        }
        try (DirectoryStream<Path> _ =
                Files.newDirectoryStream(directory)) { // asks; times come from the kernel's memory
            return false;
        } catch (AccessDeniedException alive) {
            return false;
        } catch (IOException gone) {
            return true;
        }
    }

    /**
     * Has the kernel unmount it.
     *
     * @param detach also while files are open, which then stay so; else that is refused
     * @throws CommandFailure {@link ExitCode#BUSY} while files are open
     */
    public void unmount(Programs programs, boolean detach) throws IOException {
        List<String> words = new ArrayList<>();
        if (programs.find("fusermount3").isPresent()) {
            words.add(programs.find("fusermount3").get().toString());
            words.add("-u");
            if (detach) {
                words.add("-z");
            }
        } else {
            words.add(programs.find("umount").map(Path::toString).orElse("umount"));
            if (detach) {
                words.add("-l");
            }
        }
        words.addAll(List.of("--", directory.toString()));
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int exit = exitOf(process);
        if (exit != 0) {
            boolean isBusy = said.contains("busy");
            throw new CommandFailure(
                    isBusy ? ExitCode.BUSY : ExitCode.FAILED,
                    isBusy
                            ? "files are open there, or it is somebody's directory: directory=" + directory
                            : "cannot be unmounted: directory=" + directory + ", reason=" + said);
        }
    }

    private static int exitOf(Process process) {
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.BUSY, "interrupted while unmounting", e);
        }
    }
}
