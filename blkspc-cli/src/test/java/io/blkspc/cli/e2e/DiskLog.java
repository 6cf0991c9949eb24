package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Everything that a set of disks was told, in one order over all of them: when each write came in and when it was answered,
 * and the same for each flush. A power cut is a place between two of these events. Any thread may call anything.
 */
final class DiskLog implements AutoCloseable {

    /** What happened. */
    enum Kind {
        /** A write came in. */
        WRITE,
        /** It is about to be answered: whoever sent it may know from now on that it is done. */
        WRITTEN,
        /** A flush came in: it covers what was answered before. */
        FLUSH,
        /** It is about to be answered. */
        FLUSHED
    }

    /**
     * One of them.
     *
     * @param disk number of the disk
     * @param tick moment on the clock of the test
     * @param subject index of the event that this one answers; its own for the others
     * @param offset where on the disk, of a write
     * @param length bytes, of a write
     * @param dataAt where the bytes are in the file of this log, of a write
     */
    record Event(Kind kind, int disk, long tick, int subject, long offset, int length, long dataAt) {}

    private final List<Event> events = new ArrayList<>();
    private final LongSupplier clock;
    private final FileChannel data;
    private long dataBytes;

    /**
     * An empty log.
     *
     * @param file made anew, for the bytes of all writes
     * @param clock gives a later moment at each call
     */
    DiskLog(Path file, LongSupplier clock) {
        this.clock = clock;
        try {
            data = FileChannel.open(
                    file,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A write came in; returns what to give to {@link #answered}. */
    synchronized int write(int disk, long offset, ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        long at = dataBytes;
        ByteBuffer rest = bytes.duplicate();
        while (rest.hasRemaining()) {
            data.write(rest, at + length - rest.remaining());
        }
        dataBytes += length;
        return add(new Event(Kind.WRITE, disk, clock.getAsLong(), events.size(), offset, length, at));
    }

    /** A flush came in; returns what to give to {@link #answered}. */
    synchronized int flush(int disk) {
        return add(new Event(Kind.FLUSH, disk, clock.getAsLong(), events.size(), 0, 0, 0));
    }

    /** The answer is about to be sent. */
    synchronized void answered(int subject) {
        Event of = events.get(subject);
        Kind kind = of.kind() == Kind.WRITE ? Kind.WRITTEN : Kind.FLUSHED;
        add(new Event(kind, of.disk(), clock.getAsLong(), subject, 0, 0, 0));
    }

    private int add(Event event) {
        events.add(event);
        return events.size() - 1;
    }

    synchronized int size() {
        return events.size();
    }

    synchronized Event event(int index) {
        return events.get(index);
    }

    /** A moment of the cut between event {@code cut - 1} and event {@code cut}: the last one, when most is promised. */
    synchronized long tickOf(int cut) {
        return cut < events.size() ? events.get(cut).tick() : clock.getAsLong();
    }

    /** Reads the bytes of a write. */
    ByteBuffer bytes(Event write) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(write.length());
        while (bytes.hasRemaining()) {
            if (data.read(bytes, write.dataAt() + bytes.position()) < 0) {
                throw new IOException("log of the disks is cut short: at=" + write.dataAt());
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        data.close();
    }
}
