package io.blkspc.cli.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** One TCP port of loopback in front of a server's unix socket, the same port however often the server is started. */
final class TcpRelay implements AutoCloseable {

    private final Endpoint server;
    private final ServerSocketChannel listener;

    private TcpRelay(Endpoint server, ServerSocketChannel listener) {
        this.server = server;
        this.listener = listener;
    }

    static TcpRelay to(Endpoint server) throws IOException {
        ServerSocketChannel listener =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        TcpRelay relay = new TcpRelay(server, listener);
        Thread.ofVirtual().start(relay::accept);
        return relay;
    }

    int port() throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                Thread.ofPlatform().daemon().start(() -> connect(client));
            } catch (ClosedChannelException closed) {
                return;
            } catch (IOException failure) {
                throw new java.io.UncheckedIOException(failure);
            }
        }
    }

    private void connect(SocketChannel client) {
        try {
            SocketChannel back = SocketChannel.open(UnixDomainSocketAddress.of(server.socket()));
            Thread.ofPlatform().daemon().start(() -> copy(back, client));
            copy(client, back);
        } catch (IOException nobodyThere) {
            close(client);
        }
    }

    /** Until either side ends; then both do, as when a server dies. */
    private static void copy(SocketChannel from, SocketChannel to) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(256 << 10);
        try {
            while (from.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
            }
        } catch (IOException ended) {
            // the other direction ends with it
        } finally {
            close(from);
            close(to);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException ended) {
            // there is nothing left in it that anybody waits for
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
