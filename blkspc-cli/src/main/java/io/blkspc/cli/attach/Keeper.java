package io.blkspc.cli.attach;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.outcome.CommandFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attaches an export and stays with the device until it is detached: for each connection that ends it opens a new one to the
 * server of the moment and hands it to the driver, which sends again what had not been answered. Meanwhile requests wait; nobody
 * above the device sees an error. Owned by one thread.
 *
 * <p>A new connection is to the same volume or to none: its identity is asked of the server first, and the driver itself compares
 * the word of {@link Backend}.
 */
public final class Keeper implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final long EVENT_MILLIS = 1_000;
    private static final long RETRY_MILLIS = 100;

    /** Asks the server of the moment who bears the name. */
    @FunctionalInterface
    public interface Identity {
        /** Identity of the volume or snapshot; {@code null} when no server runs. */
        String uuid() throws IOException;
    }

    private final NbdDriver driver;
    private final NetlinkSocket events;
    private final Path socket;
    private final Backend backend;
    private final Identity identity;
    private final int connections;
    private final NbdDevice device;
    private long sizeBytes;
    private int dead;
    private String lastRefusal = "";

    private Keeper(
            NbdDriver driver,
            NetlinkSocket events,
            Path socket,
            Backend backend,
            Identity identity,
            AttachOptions options)
            throws IOException {
        this.driver = driver;
        this.events = events;
        this.socket = socket;
        this.backend = backend;
        this.identity = identity;
        this.connections = options.connections();
        this.device = attach(options);
    }

    /**
     * Attaches.
     *
     * @param socket the server's unix socket
     * @throws CommandFailure when the export or the driver is not there, or the kernel refuses
     */
    public static Keeper attach(Path socket, Backend backend, Identity identity, AttachOptions options)
            throws IOException {
        NbdDriver driver = NbdDriver.open();
        NetlinkSocket events = null;
        boolean isAttached = false;
        try {
            events = driver.events(EVENT_MILLIS); // before there is anything to hear
            Keeper keeper = new Keeper(driver, events, socket, backend, identity, options);
            isAttached = true;
            return keeper;
        } finally {
            if (!isAttached) {
                driver.close();
                if (events != null) {
                    events.close();
                }
            }
        }
    }

    private NbdDevice attach(AttachOptions options) throws IOException {
        List<ExportSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                sockets.add(ExportSocket.connect(socket, backend.name()));
            }
            ExportSocket first = sockets.getFirst();
            sizeBytes = first.sizeBytes();
            DeviceSpec spec = new DeviceSpec(
                    backend.word(),
                    sizeBytes,
                    AttachOptions.BLOCK_BYTES,
                    options.flags(first.flags()),
                    options.timeoutSeconds(),
                    options.deadSeconds());
            int index = driver.connect(
                    options.index(),
                    spec,
                    sockets.stream().map(ExportSocket::fd).toList());
            return new NbdDevice(index);
        } finally {
            sockets.forEach(ExportSocket::close);
        }
    }

    /** The device. */
    public NbdDevice device() {
        return device;
    }

    /** Returns when the device is detached. */
    public void keep() throws IOException, InterruptedException {
        while (device.isConnected()) {
            listen();
            if (dead > 0 && device.isConnected() && !restoreOne()) {
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            }
        }
        log.info("detached: device={}", device.path());
    }

    /** Hears one event, at once where connections are dead already. */
    private void listen() throws IOException {
        if (dead > 0) {
            events.setTimeout(1);
        }
        try {
            NetlinkMessage event = events.receive();
            if (event != null && driver.isLinkDead(event, device.index())) {
                dead = Math.min(connections, dead + 1);
                log.info("a connection ended: device={}, dead={}", device.path(), dead);
            }
        } catch (NetlinkSocket.Overrun lost) {
            dead = connections; // what is too much the driver does not take
        } finally {
            events.setTimeout(EVENT_MILLIS);
        }
    }

    /** {@code false} when there is no server to connect to. */
    private boolean restoreOne() throws IOException {
        String now;
        try {
            now = identity.uuid();
        } catch (IOException | CommandFailure noAnswer) {
            return refused("no answer: " + noAnswer.getMessage());
        }
        if (!backend.uuid().equals(now)) {
            return refused(now == null ? "no server runs" : "the name is that of another volume: uuid=" + now);
        }
        try (ExportSocket export = ExportSocket.connect(socket, backend.name())) {
            if (export.sizeBytes() != sizeBytes) {
                return refused("its size changed: was=" + sizeBytes + ", is=" + export.sizeBytes());
            }
            int errno = driver.reconnect(device.index(), backend.word(), List.of(export.fd()));
            if (errno != 0) {
                return refused("the kernel takes no new connection: errno=" + errno);
            }
            dead--;
            lastRefusal = "";
            log.info("a connection was restored: device={}, dead={}", device.path(), dead);
            return true;
        } catch (IOException | CommandFailure | BlockSpaceException noServer) {
            return refused("no connection: " + noServer.getMessage());
        }
    }

    /** One line for each reason, however often it is tried. */
    private boolean refused(String reason) {
        if (!reason.equals(lastRefusal)) {
            lastRefusal = reason;
            log.info("not restored yet: device={}, name={}: {}", device.path(), backend.name(), reason);
        }
        return false;
    }

    /** Lets go of the driver; the device stays. */
    @Override
    public void close() {
        events.close();
        driver.close();
    }
}
