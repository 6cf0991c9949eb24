package io.blkspc.cli.socket;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A block device that is held exclusively: while it is open nobody mounts it, swaps on it or lays another device on it, in any
 * namespace. Source: open(2), O_EXCL on block devices.
 */
public final class DeviceFile implements AutoCloseable {

    private static final int O_RDONLY = 0;
    private static final int O_EXCL = 0x80;
    private static final int O_CLOEXEC = 0x80000;
    private static final MethodHandle OPEN = NativeSockets.handle(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));

    private final int fd;

    private DeviceFile(int fd) {
        this.fd = fd;
    }

    /**
     * Takes the device.
     *
     * @return {@code null} when somebody holds it, as a mounted file system does
     * @throws IOException when it cannot be opened at all
     */
    public static DeviceFile hold(Path path) throws IOException {
        int fd = (int) NativeSockets.call((errno, arena) ->
                (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()), O_RDONLY | O_EXCL | O_CLOEXEC));
        if (fd == -NativeSockets.EBUSY) {
            return null;
        }
        if (fd < 0) {
            throw new IOException("a device cannot be opened: path=" + path + ", errno=" + -fd);
        }
        return new DeviceFile(fd);
    }

    /** Lets go of it. */
    @Override
    public void close() {
        NativeSockets.close(fd);
    }
}
