package io.blkspc.nbd.transport;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Bytes received and not yet consumed: {@code [position, position + available)} of {@link #segment}. One receive takes as
 * much as there is, so that many requests arrive in one system call. Owned by one thread; the memory is the arena's.
 */
public final class ReceiveBuffer {

    private final MemorySegment segment;
    private final ByteBuffer view;
    private int position;
    private int end;

    /** Allocates {@code bytes} in {@code arena}. */
    public ReceiveBuffer(Arena arena, int bytes) {
        segment = arena.allocate(bytes, 4096);
        view = segment.asByteBuffer();
    }

    /** The memory; bytes before {@link #position} stay as they are until the next {@link #receive}. */
    public MemorySegment segment() {
        return segment;
    }

    /** First byte that is not consumed. */
    public int position() {
        return position;
    }

    /** Bytes received and not consumed. */
    public int available() {
        return end - position;
    }

    /** Length of the longest run of bytes that fits. */
    public int capacity() {
        return view.capacity();
    }

    /** Moves on by {@code bytes}. */
    public void consume(int bytes) {
        if (bytes < 0 || bytes > available()) {
            throw new IllegalArgumentException("consume=" + bytes + ", available=" + available());
        }
        position += bytes;
    }

    /**
     * Waits for more bytes.
     *
     * @param wanted bytes that are to be contiguous from {@link #position} in the end, at most {@link #capacity}; more may
     *     arrive, or fewer
     * @return {@code false} at the end of the stream
     */
    public boolean receive(Link link, int wanted) throws IOException {
        if (position == end) {
            position = 0;
            end = 0;
        } else if (wanted > view.capacity() - position || end == view.capacity()) {
            MemorySegment.copy(segment, position, segment, 0, available());
            end -= position;
            position = 0;
        }
        int count = link.receive(view.limit(view.capacity()).position(end));
        if (count > 0) {
            end += count;
        }
        return count >= 0;
    }

    /** Waits until {@code wanted} bytes are there; {@code false} when the stream ended before. */
    public boolean require(Link link, int wanted) throws IOException {
        while (available() < wanted) {
            if (!receive(link, wanted)) {
                return false;
            }
        }
        return true;
    }

    /** Takes over what another buffer received and did not consume. */
    public void takeOver(ReceiveBuffer other) {
        MemorySegment.copy(other.segment, other.position, segment, end, other.available());
        end += other.available();
        other.position = other.end;
    }
}
