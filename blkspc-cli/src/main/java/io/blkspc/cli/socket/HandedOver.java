package io.blkspc.cli.socket;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;

/**
 * A listening socket that whoever started this process has opened for it. The JDK takes one from descriptor 0 only, and puts
 * {@code /dev/null} in place of all three standard streams while it is at it; so the socket is moved there first, and output and
 * errors are put back afterwards. Once in the life of a process, before there is anybody who prints.
 */
public final class HandedOver {

    private static final int STANDARD_INPUT = 0;
    private static final int STANDARD_OUTPUT = 1;
    private static final int STANDARD_ERROR = 2;
    private static final MethodHandle DUP = NativeSockets.handle("dup", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle DUP2 =
            NativeSockets.handle("dup2", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private HandedOver() {}

    /**
     * Takes the socket over; the descriptor is closed.
     *
     * @throws IOException when the descriptor is no stream socket that listens
     */
    public static ServerSocketChannel listening(int fd) throws IOException {
        int output = duplicate(STANDARD_OUTPUT);
        int errors = duplicate(STANDARD_ERROR);
        Channel channel;
        try {
            move(fd, STANDARD_INPUT);
            channel = System.inheritedChannel();
        } finally {
            move(output, STANDARD_OUTPUT);
            move(errors, STANDARD_ERROR);
        }
        if (channel instanceof ServerSocketChannel listening) {
            listening.configureBlocking(false); // whatever its maker thought of it
            listening.configureBlocking(true);
            return listening;
        }
        if (channel != null) {
            channel.close();
        }
        throw new IOException("the descriptor that was handed over is no listening stream socket: fd=" + fd);
    }

    private static int duplicate(int fd) throws IOException {
        int copy = (int) NativeSockets.call((errno, arena) -> (int) DUP.invokeExact(errno, fd));
        if (copy < 0) {
            throw new IOException("a descriptor cannot be copied: fd=" + fd + ", errno=" + -copy);
        }
        return copy;
    }

    private static void move(int from, int to) throws IOException {
        int moved = (int) NativeSockets.call((errno, arena) -> (int) DUP2.invokeExact(errno, from, to));
        if (moved < 0) {
            throw new IOException("a descriptor cannot be moved: fd=" + from + ", to=" + to + ", errno=" + -moved);
        }
        NativeSockets.close(from);
    }
}
