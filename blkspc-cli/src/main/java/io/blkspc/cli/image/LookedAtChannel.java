package io.blkspc.cli.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** A channel whose first bytes were looked at, and are read all the same. What it reads from is closed by whoever opened it. */
public final class LookedAtChannel implements ReadableByteChannel {

    private final ReadableByteChannel source;
    private final ByteBuffer head;
    private boolean isOpen = true;

    private LookedAtChannel(ReadableByteChannel source, ByteBuffer head) {
        this.source = source;
        this.head = head;
    }

    /**
     * Reads the first bytes.
     *
     * @param source at its beginning
     * @param bytes how many; fewer are there of a shorter source only
     */
    public static LookedAtChannel of(ReadableByteChannel source, int bytes) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(bytes);
        while (head.hasRemaining() && source.read(head) >= 0) {}
        return new LookedAtChannel(source, head.flip());
    }

    /** The first bytes, before anything was read. */
    public byte[] head() {
        byte[] bytes = new byte[head.limit()];
        head.get(0, bytes);
        return bytes;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (!head.hasRemaining() || !target.hasRemaining()) {
            return source.read(target);
        }
        int count = Math.min(head.remaining(), target.remaining());
        target.put(target.position(), head, head.position(), count).position(target.position() + count);
        head.position(head.position() + count);
        return count;
    }

    @Override
    public boolean isOpen() {
        return isOpen;
    }

    @Override
    public void close() {
        isOpen = false;
    }
}
