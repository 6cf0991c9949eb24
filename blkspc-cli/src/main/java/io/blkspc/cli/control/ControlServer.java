package io.blkspc.cli.control;

import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.outcome.Outcome;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers management requests on a unix socket that only the user of this process (and root) may use. Each connection has
 * a thread that talks and one that works, so that a client hears from long work. Bad input costs its sender the
 * connection and nobody else anything.
 */
public final class ControlServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final int MAX_CONNECTIONS = 64;
    private static final long HEARTBEAT_SECONDS = 5;

    private final Path socket;
    private final RequestHandler handler;
    private final ServerSocketChannel listener;
    private final String owner;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger unanswered = new AtomicInteger();

    private ControlServer(Path socket, RequestHandler handler, ServerSocketChannel listener) throws IOException {
        this.socket = socket;
        this.handler = handler;
        this.listener = listener;
        this.owner = Files.getOwner(socket).getName();
    }

    /** Listens on a path where nothing else does, and begins to answer. */
    public static ControlServer start(Path socket, RequestHandler handler) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            ControlServer server = new ControlServer(socket, handler, listener);
            Thread.ofPlatform().daemon().name("control-accept").start(server::acceptAll);
            return server;
        } catch (IOException failure) {
            listener.close();
            throw failure;
        }
    }

    private void acceptAll() {
        try {
            while (true) {
                SocketChannel channel = listener.accept();
                if (connections.size() >= MAX_CONNECTIONS || !isAllowed(channel)) {
                    channel.close();
                    continue;
                }
                connections.add(channel);
                Thread.ofPlatform().daemon().name("control").start(() -> serve(channel));
            }
        } catch (ClosedChannelException closed) {
            log.debug("no more management requests: socket={}", socket);
        } catch (IOException failure) {
            log.warn("cannot accept management requests any more: socket={}", socket, failure);
        }
    }

    /** The mode of the socket says the same, but only from a moment after it was bound. */
    private boolean isAllowed(SocketChannel channel) throws IOException {
        String peer =
                channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        boolean isAllowed = peer.equals(owner) || peer.equals("root");
        if (!isAllowed) {
            log.warn("refused a management connection: user={}", peer);
        }
        return isAllowed;
    }

    private void serve(SocketChannel channel) {
        try (LineChannel lines = new LineChannel(channel, Message.MAX_REQUEST_BYTES)) {
            String line = lines.readLine(0);
            while (line != null) {
                answer(lines, line);
                line = lines.readLine(0);
            }
        } catch (LineChannel.TooLongException tooLong) {
            log.warn("closed a management connection: {}", tooLong.getMessage());
        } catch (IOException gone) {
            log.debug("management connection ended", gone);
        } finally {
            connections.remove(channel);
        }
    }

    private void answer(LineChannel lines, String line) throws IOException {
        Message.Request request;
        try {
            request = Message.parseRequest(line);
        } catch (IllegalArgumentException bad) {
            lines.writeLine(Message.failure(new Outcome(ExitCode.FAILED, bad.getMessage())));
            return;
        }
        FutureTask<Object> work = new FutureTask<>(() -> handler.handle(request.operation(), request.arguments()));
        unanswered.incrementAndGet();
        try {
            Thread.ofPlatform().daemon().name("control-work").start(work);
            lines.writeLine(await(work, request, lines));
        } finally {
            unanswered.decrementAndGet();
        }
    }

    private String await(FutureTask<Object> work, Message.Request request, LineChannel lines) throws IOException {
        while (true) {
            try {
                return Message.answer(work.get(HEARTBEAT_SECONDS, TimeUnit.SECONDS));
            } catch (TimeoutException stillAtWork) {
                lines.writeLine(Message.progress(""));
            } catch (ExecutionException failure) {
                log.debug("request failed: operation={}", request.operation(), failure.getCause());
                return Message.failure(handler.judge(request.operation(), failure.getCause()));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while a request was at work", interrupted);
            }
        }
    }

    /** Takes no new connection; open ones go on. */
    public void stopAccepting() {
        try {
            listener.close();
            Files.deleteIfExists(socket);
        } catch (IOException failure) {
            log.warn("cannot close the control socket: socket={}", socket, failure);
        }
    }

    /** Waits until every request has its answer, or the time is over. */
    public void awaitAnswers(long millis) {
        long start = System.nanoTime();
        while (unanswered.get() > 0 && System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(millis)) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Ends all connections, also those with work unfinished. Idempotent. */
    @Override
    public void close() {
        stopAccepting();
        for (SocketChannel channel : connections) {
            try {
                channel.close();
            } catch (IOException failure) {
                log.debug("cannot close a management connection", failure);
            }
        }
    }
}
