package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Held by the process that stays with a device for as long as it lives: a lock on the byte of the device's number in the file
 * {@value #NAME} of the pool. Only {@link AttachLock its holder} may set it. Owned by one thread; one in a process, because the
 * kernel ends the locks of a process on a file with any of its descriptors.
 */
final class KeeperMark implements AutoCloseable {

    private static final String NAME = "attach.keepers";

    /** Many times what a keeper takes to see that its device is gone. */
    private static final long PATIENCE_MILLIS = 30_000;

    private static final long POLL_MILLIS = 20;

    private final FileChannel channel;

    private KeeperMark(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Sets the mark; waits while somebody looks at it, and while the keeper of a device of that number that was detached has not
     * seen it yet.
     *
     * @throws CommandFailure {@link ExitCode#BUSY} when it is still held after a while
     */
    static KeeperMark set(Path pool, int index) throws IOException {
        return set(pool, index, PATIENCE_MILLIS);
    }

    static KeeperMark set(Path pool, int index, long patienceMillis) throws IOException {
        FileChannel channel = FileChannel.open(
                pool.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            long begin = System.nanoTime();
            lock = channel.tryLock(index, 1, false);
            while (lock == null) {
                if (System.nanoTime() - begin > TimeUnit.MILLISECONDS.toNanos(patienceMillis)) {
                    throw new CommandFailure(
                            ExitCode.BUSY, "another process stays with the device: device=/dev/nbd" + index);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
                lock = channel.tryLock(index, 1, false);
            }
            return new KeeperMark(channel);
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
    }

    /**
     * Whether another process holds the mark of a device.
     *
     * @throws IOException when the file cannot be read
     */
    static boolean isSet(Path pool, int index) throws IOException {
        Path file = pool.resolve(NAME);
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                FileLock lock = channel.tryLock(index, 1, true)) { // shared: several may look at once
            return lock == null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
