package io.blkspc.nbd;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.nbd.handshake.Admission;
import io.blkspc.nbd.handshake.Encryption;
import io.blkspc.nbd.handshake.Handshake;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.handshake.Reception;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.tls.TlsCredentials;
import io.blkspc.nbd.transmission.Session;
import io.blkspc.nbd.transport.BufferPool;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import io.blkspc.nbd.transport.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves exports to NBD clients until it is closed: one thread per connection, one per address, one that watches time
 * limits. A connection that fails ends alone. No thread of a server is ever interrupted.
 */
public final class NbdServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long ACCEPT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final NbdLimits limits;
    private final ExportSource exports;
    private final TlsCredentials tls;
    private final Connections connections;
    private final Workers workers;
    private final BufferPool buffers;
    private final List<Listener> listeners = new ArrayList<>();
    private final AtomicLong nextId = new AtomicLong(1);
    private volatile boolean closing;
    private boolean closed;

    private NbdServer(NbdConfig config, ExportSource exports) {
        this.limits = config.limits();
        this.exports = exports;
        this.tls = config.tls();
        this.connections = new Connections(limits);
        this.workers = new Workers(limits.workers(), limits.maxConnections() * limits.maxInFlight());
        this.buffers = new BufferPool(limits.sharedBufferBytes());
    }

    /**
     * Starts listening on every address of {@code config}. On return clients can connect.
     *
     * @throws IOException when one of the addresses cannot be had; none is then held
     */
    public static NbdServer start(NbdConfig config, ExportSource exports) throws IOException {
        NbdServer server = new NbdServer(config, exports);
        boolean started = false;
        try {
            for (NbdAddress address : config.addresses()) {
                server.listeners.add(Listener.open(address));
            }
            for (Listener listener : server.listeners) {
                startThread("nbd-accept", () -> server.acceptClients(listener));
                log.info("listening on {}", listener.address().uri());
            }
            startThread("nbd-watch", server::watch);
            started = true;
            return server;
        } finally {
            if (!started) {
                server.close();
            }
        }
    }

    /** Where it listens, with ports that were chosen. */
    public List<NbdAddress> addresses() {
        return listeners.stream().map(Listener::address).toList();
    }

    /** Facts at this moment. */
    public NbdStatus status() {
        return connections.status(buffers.usedBytes(), workers.faults());
    }

    /**
     * Stops listening, answers what clients sent, and ends every connection; those that take longer than the limits allow
     * are cut. Idempotent.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closing = true;
        for (Listener listener : listeners) {
            closeListener(listener);
        }
        connections.beginClosing();
        if (!connections.awaitEmpty(TimeUnit.MILLISECONDS.toNanos(limits.closeMillis()))) {
            log.warn("clients do not take their replies and are cut: connections={}", status().connections());
            connections.abortAll("server is closing");
            connections.awaitEmpty(TimeUnit.MILLISECONDS.toNanos(limits.closeMillis()) / 2);
        }
        workers.close();
        buffers.close();
        log.info("server closed: {}", status());
    }

    private static void closeListener(Listener listener) {
        try {
            listener.close();
        } catch (IOException e) {
            log.warn("cannot close a listening socket: address={}", listener.address(), e);
        }
    }

    private static void startThread(String name, Runnable task) {
        Thread.ofPlatform().name(name).daemon(true).start(task);
    }

    private void watch() {
        while (!closing || status().connections() + status().negotiating() > 0) {
            connections.checkDeadlines();
            LockSupport.parkNanos(WATCH_NANOS);
        }
    }

    private void acceptClients(Listener listener) {
        Encryption encryption = new Encryption(tls, NbdConfig.needsTls(listener.address()));
        while (listener.isOpen()) {
            try {
                Listener.Caller caller = listener.accept();
                if (caller == null) {
                    continue;
                }
                long id = nextId.getAndIncrement();
                Link link = new Link(caller.channel(), "client-" + id, limits.handshakeMillis(), limits.stallMillis());
                if (!connections.enter(link)) {
                    link.close();
                } else {
                    serveOnOwnThread(link, id, caller.who(), encryption);
                }
            } catch (IOException e) {
                if (listener.isOpen()) { // for example no file descriptors left: others may end and free some
                    log.warn("cannot accept a client: {}", e.getMessage());
                    LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
                }
            }
        }
    }

    @SuppressWarnings("checkstyle:illegalcatch")
    private void serveOnOwnThread(Link link, long id, String who, Encryption encryption) {
        try {
            startThread("nbd-client-" + id, () -> serve(link, who, encryption));
        } catch (Throwable t) { // no memory for a thread: this client goes, the server stays
            log.error("cannot start a thread for a client", t);
            link.close();
            connections.leave(link, 0);
        }
    }

    /** The whole life of one connection. */
    @SuppressWarnings("checkstyle:illegalcatch")
    private void serve(Link link, String who, Encryption encryption) {
        long requests = 0;
        try {
            requests = talk(link, who, encryption);
            link.sayGoodbye();
        } catch (IOException e) {
            String reason = link.abortReason();
            log.info("{}: connection ended: {}", link.peer(), reason == null ? e.getMessage() : reason);
        } catch (BlockSpaceException e) {
            log.warn("{}: connection ended: {}: {}", link.peer(), e.code(), e.getMessage());
        } catch (Throwable t) {
            workers.countFault();
            log.error("{}: connection ended in a way nobody foresaw", link.peer(), t);
        } finally {
            link.close();
            connections.leave(link, requests);
        }
    }

    private long talk(Link link, String who, Encryption encryption) throws IOException {
        // Confined: to end a shared one stops every thread for a moment, which a crowd of clients could make us do all
        // day.
        try (Arena arena = Arena.ofConfined()) {
            ReceiveBuffer received = new ReceiveBuffer(arena, Handshake.bufferBytes(limits));
            Handshake handshake = new Handshake(link, received, exports, limits, reception(link), encryption, arena);
            boolean agreed = false;
            try {
                agreed = handshake.run() != null;
            } finally {
                if (!agreed && handshake.negotiated() != null) {
                    handshake.negotiated().space().close();
                }
            }
            if (!agreed) {
                return 0;
            }
            link.negotiated();
            return transmit(link, who, handshake.negotiated(), received);
        }
    }

    private Reception reception(Link link) {
        return new Reception() {
            @Override
            public void spoke() {
                connections.spoke(link);
            }

            @Override
            public Admission admit() {
                return connections.establish(link);
            }
        };
    }

    private long transmit(Link link, String who, Negotiated negotiated, ReceiveBuffer received) throws IOException {
        log.info("{}: export={}, {}", link.peer(), negotiated.space().name(), who);
        return Session.serve(link, negotiated, received, limits, workers, buffers);
    }
}
