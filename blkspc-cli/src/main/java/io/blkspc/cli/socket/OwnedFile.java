package io.blkspc.cli.socket;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Files that root makes in somebody's directory for both of them. Owner and group are given to the file that was made, by its
 * descriptor and never by its name: whoever owns the directory may put another file in its place at any moment. Source: open(2),
 * fchown(2).
 */
public final class OwnedFile {

    private static final int O_WRONLY = 1;
    private static final int O_CREAT = 0x40;
    private static final int O_EXCL = 0x80;
    private static final int O_CLOEXEC = 0x80000;
    private static final int MODE = 0644;
    private static final int EEXIST = 17;
    private static final int ROOT = 0;

    private static final MethodHandle OPEN = NativeSockets.handle(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FCHOWN =
            NativeSockets.handle("fchown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));

    private OwnedFile() {}

    /**
     * Makes an empty file, unless there is something of that name. Made by root it has the owner and group of its directory.
     *
     * @throws IOException when the directory cannot be looked at, or the file not be made
     */
    public static void makeIfAbsent(Path path) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Path directory = path.toAbsolutePath().getParent();
        int owner = (int) Files.getAttribute(directory, "unix:uid");
        int group = (int) Files.getAttribute(directory, "unix:gid");
        int fd = (int) NativeSockets.call((errno, arena) -> (int) OPEN.invokeExact(
                errno, arena.allocateFrom(path.toString()), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE));
        if (fd == -EEXIST) {
            return; // somebody was quicker
        }
        if (fd < 0) {
            throw new IOException("a file cannot be made: path=" + path + ", errno=" + -fd);
        }
        try {
            give(path, fd, owner, group);
        } finally {
            NativeSockets.close(fd);
        }
    }

    private static void give(Path path, int fd, int owner, int group) throws IOException {
        if (owner == ROOT || (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != ROOT) {
            return;
        }
        long failed = NativeSockets.call((errno, _) -> (int) FCHOWN.invokeExact(errno, fd, owner, group));
        if (failed < 0) {
            throw new IOException("a file cannot be given to the owner of its directory: path=" + path + ", owner="
                    + owner + ", errno=" + -failed);
        }
    }
}
