package io.blkspc.bench.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Takes replies from a stream: simple ones and structured chunks, by the batch. Payload is skipped, not looked at. The client's
 * request cookie is the number of its slot. Owned by one thread.
 */
final class Replies {

    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int SIMPLE_BYTES = 16;
    private static final int CHUNK_MAGIC = 0x668e33ef;
    private static final int CHUNK_BYTES = 20;
    private static final int CHUNK_DONE = 1;
    private static final int CHUNK_IS_ERROR = 0x8000;
    private static final int BUFFER_BYTES = 1 << 20;

    /** Who is told of each whole reply. */
    interface Taker {
        /** The reply to the request in {@code slot} is complete. */
        void answered(int slot, boolean failed);

        /** Bytes of data that follow a simple reply without an error to the request in {@code slot}. */
        int dataBytes(int slot);
    }

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private final boolean[] failed;
    private final int slots;
    private long skip; // bytes of payload that are still to come
    private int ending = -1; // the slot that is answered once they have come

    Replies(int slots) {
        this.slots = slots;
        this.failed = new boolean[slots];
    }

    /** Waits for bytes and takes as many as there are. */
    void receive(SocketChannel channel) throws IOException {
        buffer.compact();
        if (channel.read(buffer) < 0) {
            throw new EOFException("the server closed the connection");
        }
        buffer.flip();
    }

    /** Reports every reply that is complete. */
    void report(Taker taker) throws IOException {
        while (true) {
            int skipped = (int) Math.min(skip, buffer.remaining());
            buffer.position(buffer.position() + skipped);
            skip -= skipped;
            if (skip > 0) {
                return;
            }
            if (ending >= 0) {
                int slot = ending;
                ending = -1;
                boolean isFailed = failed[slot];
                failed[slot] = false;
                taker.answered(slot, isFailed);
            }
            if (!header(taker)) {
                return;
            }
        }
    }

    /** {@code false} when the next header is not complete. */
    private boolean header(Taker taker) throws IOException {
        if (buffer.remaining() < SIMPLE_BYTES) {
            return false;
        }
        int at = buffer.position();
        int magic = buffer.getInt(at);
        if (magic == SIMPLE_MAGIC) {
            int slot = slot(buffer.getLong(at + 8));
            failed[slot] = buffer.getInt(at + 4) != 0;
            skip = failed[slot] ? 0 : taker.dataBytes(slot);
            ending = slot;
            buffer.position(at + SIMPLE_BYTES);
            return true;
        }
        if (magic != CHUNK_MAGIC) {
            throw new IOException("not a reply: magic=0x" + Integer.toHexString(magic));
        }
        if (buffer.remaining() < CHUNK_BYTES) {
            return false;
        }
        int slot = slot(buffer.getLong(at + 8));
        failed[slot] |= (buffer.getShort(at + 6) & CHUNK_IS_ERROR) != 0;
        skip = Integer.toUnsignedLong(buffer.getInt(at + 16));
        ending = (buffer.getShort(at + 4) & CHUNK_DONE) != 0 ? slot : -1;
        buffer.position(at + CHUNK_BYTES);
        return true;
    }

    private int slot(long requestCookie) throws IOException {
        if (requestCookie < 0 || requestCookie >= slots) {
            throw new IOException("reply to a request that was not made: cookie=" + requestCookie);
        }
        return (int) requestCookie;
    }
}
