package io.blkspc.host;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.device.LockFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to use a pool: one process at a time, and once in it. Held through the file {@value #FILE_NAME} in the pool
 * directory, which nothing else opens; freed by the kernel when the process ends, however it ends.
 *
 * <p>The file says who holds it, so that a command that finds the pool taken knows what to do: <em>serving</em> – talk to
 * that server; <em>starting</em> – wait, recovery is under way; <em>offline</em> – another command is at work and will be
 * done soon. Its text is {@code crc32c=HEX\npid=N\nmode=NAME\nsocket=PATH\n}, the checksum being that of the rest.
 *
 * <p>Any thread may call anything.
 */
public final class PoolLock implements AutoCloseable {

    /** Name of the file inside the pool directory. */
    public static final String FILE_NAME = "pool.lock";

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final long STARTING_PATIENCE_NANOS = 60_000_000_000L;
    private static final long OFFLINE_PATIENCE_NANOS = 2_000_000_000L;
    private static final long POLL_NANOS = 20_000_000L;
    private static final Pattern BODY =
            Pattern.compile("pid=(\\d{1,18})\nmode=(starting|serving|offline)\nsocket=([^\n]*)\n");

    /** What the holder does. */
    public enum Mode {
        /** Recovers; will serve soon. */
        STARTING,
        /** Answers on its socket. */
        SERVING,
        /** Runs one command and ends. */
        OFFLINE
    }

    /**
     * Who holds a pool.
     *
     * @param pid process id, 0 when the file does not tell
     * @param mode what it does
     * @param socket path of its control socket, or empty
     */
    public record Holder(long pid, Mode mode, String socket) {
        private String facts() {
            return "pid=" + (pid == 0 ? "unknown" : pid) + ", mode="
                    + mode.name().toLowerCase(Locale.ROOT) + (socket.isEmpty() ? "" : ", socket=" + socket);
        }
    }

    private final Path poolDir;
    private final LockFile file;

    private PoolLock(Path poolDir, LockFile file) {
        this.poolDir = poolDir;
        this.file = file;
    }

    /**
     * Takes the pool, at once or not at all, and removes the sockets a dead server left.
     *
     * @param poolDir an existing directory
     * @param socketPath control socket to be found there by others, or empty
     * @throws BlockSpaceException {@code BUSY} when it is taken, naming the holder; {@code NOT_FOUND} without directory
     */
    public static PoolLock acquire(Path poolDir, Mode mode, String socketPath) {
        Path path = poolDir.resolve(FILE_NAME);
        Optional<LockFile> locked = LockFile.tryLock(path);
        if (locked.isEmpty()) {
            throw busy(poolDir, readHolder(path).orElse(new Holder(0, Mode.STARTING, "")));
        }
        PoolLock lock = new PoolLock(poolDir, locked.get());
        try {
            Optional<Holder> previous = parse(lock.file.read());
            lock.update(mode, socketPath);
            previous.ifPresent(lock::removeStaleSockets);
            return lock;
        } catch (BlockSpaceException e) {
            lock.close();
            throw e;
        }
    }

    /** Tells others what this process does now. */
    public void update(Mode mode, String socketPath) {
        byte[] text = format(new Holder(ProcessHandle.current().pid(), mode, socketPath));
        if (text.length > LockFile.MAX_TEXT_BYTES || socketPath.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("socket path does not fit: path=" + socketPath);
        }
        file.write(text);
    }

    /** Who holds the pool, without waiting; empty when nobody does. */
    public static Optional<Holder> holder(Path poolDir) {
        return readHolder(poolDir.resolve(FILE_NAME));
    }

    /**
     * Waits while the holder is about to change: up to 60 seconds for one that is starting, 2 seconds for one that is
     * offline.
     *
     * @param onWait told of the holder before each wait, about every 20 milliseconds
     * @return a serving holder, or empty when the pool is free
     * @throws BlockSpaceException {@code BUSY} when the time was not enough
     */
    public static Optional<Holder> awaitSettled(Path poolDir, Consumer<Holder> onWait) {
        long start = System.nanoTime();
        while (true) {
            Optional<Holder> holder = holder(poolDir);
            if (holder.isEmpty() || holder.get().mode() == Mode.SERVING) {
                return holder;
            }
            long patience = holder.get().mode() == Mode.STARTING ? STARTING_PATIENCE_NANOS : OFFLINE_PATIENCE_NANOS;
            if (System.nanoTime() - start > patience) {
                throw busy(poolDir, holder.get());
            }
            onWait.accept(holder.get());
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Lets go of the pool. Idempotent. */
    @Override
    public void close() {
        file.close();
    }

    private static BlockSpaceException busy(Path poolDir, Holder holder) {
        boolean isSelf = holder.pid() == ProcessHandle.current().pid();
        return new BlockSpaceException(
                Code.BUSY,
                "pool is in use by " + (isSelf ? "this process" : "another process") + ": pool=" + poolDir + ", "
                        + holder.facts());
    }

    // The holder may be between lock and first text, or the text may be that of its dead predecessor: look again.
    private static Optional<Holder> readHolder(Path path) {
        Optional<Holder> seen = Optional.empty();
        for (int attempt = 0; attempt < 10; attempt++) {
            Optional<byte[]> text = LockFile.readIfHeld(path);
            if (text.isEmpty()) {
                return Optional.empty();
            }
            seen = parse(text.get());
            if (seen.isPresent() && ProcessHandle.of(seen.get().pid()).isPresent()) {
                return seen;
            }
            LockSupport.parkNanos(POLL_NANOS / 4);
        }
        // A process of another container cannot be seen, and may hold the lock all the same.
        return Optional.of(seen.orElse(new Holder(0, Mode.STARTING, "")));
    }

    private static byte[] format(Holder holder) {
        String body = "pid=" + holder.pid() + "\nmode=" + holder.mode().name().toLowerCase(Locale.ROOT) + "\nsocket="
                + holder.socket() + "\n";
        return ("crc32c=" + checksum(body) + "\n" + body).getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<Holder> parse(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int end = text.indexOf('\n');
        if (end < 0 || !text.substring(0, end).equals("crc32c=" + checksum(text.substring(end + 1)))) {
            return Optional.empty();
        }
        Matcher lines = BODY.matcher(text.substring(end + 1));
        if (!lines.matches()) {
            return Optional.empty();
        }
        Mode mode = Mode.valueOf(lines.group(2).toUpperCase(Locale.ROOT));
        return Optional.of(new Holder(Long.parseLong(lines.group(1)), mode, lines.group(3)));
    }

    private static String checksum(String body) {
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(crc.getValue());
    }

    private void removeStaleSockets(Holder dead) {
        removeSocket(poolDir.resolve("control.sock"));
        Path nbd = poolDir.resolve("nbd.sock");
        if (!isBound(nbd.toString())) { // a service manager may listen there for the server that now starts
            removeSocket(nbd);
        }
        // The lock file of a copy names a socket of the original, whose server may be well.
        if (!dead.socket().isEmpty() && !isBound(dead.socket())) {
            removeSocket(Path.of(dead.socket()));
        }
    }

    /** The kernel lists what is bound (proc(5)), so nobody's server is disturbed by asking. */
    private static boolean isBound(String socket) {
        String name = new String(socket.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        try {
            return Files.readAllLines(Path.of("/proc/net/unix"), StandardCharsets.ISO_8859_1).stream()
                    .anyMatch(line -> line.endsWith(" " + name));
        } catch (IOException unknown) {
            return true;
        }
    }

    private static void removeSocket(Path path) {
        try {
            BasicFileAttributes facts =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (facts.isOther()) {
                Files.deleteIfExists(path);
                log.info("removed stale socket: path={}", path);
            }
        } catch (IOException e) {
            // Not there is the usual case; one that cannot be removed shows itself when it is bound.
            log.debug("no stale socket removed: path={}, cause={}", path, e.toString());
        }
    }
}
