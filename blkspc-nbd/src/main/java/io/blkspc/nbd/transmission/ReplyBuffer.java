package io.blkspc.nbd.transmission;

import io.blkspc.nbd.transport.Link;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Replies of one connection that are sent together. Owned by the connection's thread; the memory is the arena's. */
final class ReplyBuffer {

    private final Link link;
    private final MemorySegment segment;
    private final ByteBuffer view;
    private final ReplyEncoder encoder = new ReplyEncoder();
    private int end;

    ReplyBuffer(Link link, Arena arena, int bytes) {
        this.link = link;
        this.segment = arena.allocate(bytes, 4096);
        this.view = segment.asByteBuffer();
    }

    MemorySegment segment() {
        return segment;
    }

    ReplyEncoder encoder() {
        return encoder;
    }

    int capacity() {
        return view.capacity();
    }

    /** Where the next reply goes. */
    int end() {
        return end;
    }

    int free() {
        return view.capacity() - end;
    }

    /** Takes everything before {@code newEnd} as written. */
    void end(int newEnd) {
        end = newEnd;
    }

    /** Makes room for {@code bytes}, at most the capacity, by sending what is there if it must. */
    void ensure(int bytes) throws IOException {
        if (free() < bytes) {
            send();
        }
    }

    void simple(long requestCookie, int error) throws IOException {
        ensure(ReplyEncoder.MAX_PLAIN_BYTES);
        end = encoder.simple(segment, end, requestCookie, error);
    }

    /** Ends a structured reply. */
    void last(long requestCookie, int error) throws IOException {
        ensure(ReplyEncoder.MAX_PLAIN_BYTES);
        end = encoder.last(segment, end, requestCookie, error);
    }

    void send() throws IOException {
        if (end > 0) {
            int length = end;
            end = 0;
            link.send(view.limit(length).position(0));
        }
    }
}
