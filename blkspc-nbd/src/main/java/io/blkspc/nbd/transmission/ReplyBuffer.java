package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.transport.Link;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.function.IntConsumer;

/** Replies of one connection that are sent together. Owned by one thread; the memory is the arena's. */
final class ReplyBuffer {

    private final Link link;
    private final MemorySegment segment;
    private final ByteBuffer view;
    private final ReplyEncoder encoder;
    private IntConsumer beforeSending = bytes -> {};
    private int end;

    ReplyBuffer(Link link, Arena arena, int bytes, ReplyStyle style) {
        this.link = link;
        this.encoder = new ReplyEncoder(style);
        this.segment = arena.allocate(bytes, 4096);
        this.view = segment.asByteBuffer();
    }

    /** Tells {@code observer} from now on how many bytes are about to be sent. */
    void beforeSending(IntConsumer observer) {
        beforeSending = observer;
    }

    MemorySegment segment() {
        return segment;
    }

    /** The memory for a socket. */
    ByteBuffer view() {
        return view;
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

    /** Answers a command that is answered without data. */
    void plain(long requestCookie, long requestOffset, int error) throws IOException {
        ensure(ReplyEncoder.MAX_PLAIN_BYTES);
        end = encoder.plain(segment, end, requestCookie, requestOffset, error);
    }

    /** Ends a reply in chunks. */
    void last(long requestCookie, long requestOffset, int error) throws IOException {
        ensure(ReplyEncoder.MAX_PLAIN_BYTES);
        end = encoder.last(segment, end, requestCookie, requestOffset, error);
    }

    void send() throws IOException {
        if (end > 0) {
            int length = end;
            end = 0;
            beforeSending.accept(length);
            link.send(view.limit(length).position(0));
        }
    }
}
