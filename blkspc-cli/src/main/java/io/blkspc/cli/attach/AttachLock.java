package io.blkspc.cli.attach;

import io.blkspc.cli.socket.OwnedFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Held while somebody looks whether a volume of a pool is attached and attaches it, or whether a server runs and starts it: of
 * two who want to, the second one waits and finds the device, or the server, of the first. A process that was killed holds
 * nothing. Owned by one thread.
 */
public final class AttachLock implements AutoCloseable {

    private static final String NAME = "attach.lock";

    private final FileChannel channel;
    private final FileLock lock;

    private AttachLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Waits for the lock of the pool in that directory. Its file belongs to the pool's owner, who needs no root for what else asks
     * for it, also where root made it.
     */
    public static AttachLock take(Path pool) throws IOException {
        Path file = pool.resolve(NAME);
        OwnedFile.makeIfAbsent(file);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        FileLock lock = null;
        try {
            lock = channel.lock();
            return new AttachLock(channel, lock);
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            lock.release();
        }
    }
}
