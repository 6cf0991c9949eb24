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

    /**
     * What bears the name at the moment.
     *
     * @param uuid identity of the volume or snapshot
     * @param sizeBytes its size
     */
    public record Facts(String uuid, long sizeBytes) {}

    /** Asks the server of the moment who bears the name. */
    @FunctionalInterface
    public interface Identity {
        /** The volume or snapshot; {@code null} when no server runs. */
        Facts facts() throws IOException;
    }

    private final NbdDriver driver;
    private final NetlinkSocket events;
    private final Path socket;
    private final Backend backend;
    private final String export;
    private final Identity identity;
    private final DeadLinks dead;
    private NbdDevice device;
    private String attachment;
    private KeeperMark mark;
    private long sizeBytes;
    private String lastRefusal = "";

    private Keeper(NbdDriver driver, Path socket, Backend backend, String export, Identity identity, int connections)
            throws IOException {
        this.driver = driver;
        this.socket = socket;
        this.backend = backend;
        this.export = export;
        this.identity = identity;
        this.dead = new DeadLinks(this::isLinkDead, connections);
        this.events = driver.events(EVENT_MILLIS); // before there is anything to hear
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
        Keeper keeper = null;
        boolean isAttached = false;
        try {
            keeper = new Keeper(driver, socket, backend, backend.name(), identity, options.connections());
            keeper.stayWith(keeper.attach(options));
            isAttached = true;
            return keeper;
        } finally {
            closeUnless(isAttached, keeper, driver);
        }
    }

    /**
     * Takes the place of a keeper that was killed: first every connection that has ended since is restored.
     *
     * @param socket the server's unix socket
     * @param device one that was attached and is not kept
     * @param name what the volume or snapshot is called now
     * @throws CommandFailure when the driver is not there
     */
    public static Keeper adopt(Path socket, NbdDevice device, String name, Identity identity) throws IOException {
        NbdDriver driver = NbdDriver.open();
        Keeper keeper = null;
        boolean isKept = false;
        try {
            // The kernel does not tell how many connections it has: it takes none in place of one that lives.
            keeper = new Keeper(driver, socket, device.backend(), name, identity, AttachOptions.MAX_CONNECTIONS);
            keeper.sizeBytes = device.sizeBytes();
            keeper.dead.suspectAll();
            keeper.stayWith(device);
            isKept = true;
            return keeper;
        } finally {
            closeUnless(isKept, keeper, driver);
        }
    }

    private static void closeUnless(boolean isDone, Keeper keeper, NbdDriver driver) throws IOException {
        if (isDone) {
            return;
        }
        if (keeper == null) {
            driver.close();
        } else {
            keeper.close();
        }
    }

    private void stayWith(NbdDevice its) throws IOException {
        device = its;
        attachment = its.attachment();
        mark = KeeperMark.set(backend.pool(), its.index());
    }

    private NbdDevice attach(AttachOptions options) throws IOException {
        List<ExportSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < options.connections(); i++) {
                sockets.add(ExportSocket.connect(socket, export));
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
        while (isStillThere()) {
            dead.listen(EVENT_MILLIS);
            if (!isStillThere()) {
                break;
            }
            if (dead.count() == 0) {
                followSize();
            } else if (!restoreOne()) {
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            }
        }
        log.info("detached: device={}", device.path());
    }

    /** The kernel does not tell of a detach, and the next attach may have the same number already. */
    private boolean isStillThere() {
        return attachment != null && attachment.equals(device.attachment());
    }

    private boolean isLinkDead(long millis) throws IOException {
        events.setTimeout(millis);
        NetlinkMessage event = events.receive();
        return event != null && driver.isLinkDead(event, device.index());
    }

    /** The volume as it is; {@code null}, and a word about it, when it cannot be had. */
    private Facts facts() throws IOException {
        Facts now;
        try {
            now = identity.facts();
        } catch (IOException | CommandFailure | BlockSpaceException noAnswer) {
            refused("no answer: " + noAnswer.getMessage());
            return null;
        }
        if (now == null || !backend.uuid().equals(now.uuid())) {
            refused(now == null ? "no server runs" : "the name is that of another volume: uuid=" + now.uuid());
            return null;
        }
        return now;
    }

    /** A volume that was resized: the device is told, which tells whoever uses it. */
    private void followSize() throws IOException {
        Facts now = facts();
        if (now != null && now.sizeBytes() > sizeBytes) {
            resize(now.sizeBytes());
        }
    }

    private void resize(long newBytes) throws IOException {
        int errno = driver.resize(device.index(), backend.word(), newBytes);
        if (errno != 0) {
            refused("the kernel takes no new size: size=" + newBytes + ", errno=" + errno);
            return;
        }
        log.info("resized: device={}, was={}, is={}", device.path(), sizeBytes, newBytes);
        sizeBytes = newBytes;
    }

    /** {@code false} when there is no server to connect to. */
    private boolean restoreOne() throws IOException {
        if (facts() == null) {
            return false;
        }
        try (ExportSocket link = ExportSocket.connect(socket, export)) {
            if (link.sizeBytes() < sizeBytes) {
                return refused("it became smaller: was=" + sizeBytes + ", is=" + link.sizeBytes());
            }
            int errno = driver.reconnect(device.index(), backend.word(), List.of(link.fd()));
            if (errno != 0) {
                return refused("the kernel takes no new connection: errno=" + errno);
            }
            dead.restored();
            lastRefusal = "";
            log.info("a connection was restored: device={}, dead={}", device.path(), dead.count());
            return true;
        } catch (IOException | BlockSpaceException noServer) {
            return refused("no connection: " + noServer.getMessage());
        }
    }

    /** One line for each reason, however often it is tried. */
    private boolean refused(String reason) {
        if (!reason.equals(lastRefusal)) {
            lastRefusal = reason;
            log.info("the server is not as it should be: device={}, name={}: {}", device.path(), export, reason);
        }
        return false;
    }

    /** Lets go of the driver; the device stays. */
    @Override
    public void close() throws IOException {
        events.close();
        driver.close();
        if (mark != null) {
            mark.close();
        }
    }
}
