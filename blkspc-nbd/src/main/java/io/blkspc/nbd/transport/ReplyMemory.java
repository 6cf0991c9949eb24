package io.blkspc.nbd.transport;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** A native buffer with the view that sockets need. Owns its arena; owned by whoever acquired it. */
public final class ReplyMemory {

    private final Arena arena;
    private final MemorySegment segment;
    private final ByteBuffer view;

    private ReplyMemory(Arena arena, long bytes) {
        this.arena = arena;
        this.segment = arena.allocate(bytes, 4096);
        this.view = segment.asByteBuffer();
    }

    /**
     * A new one.
     *
     * @throws OutOfMemoryError when the system has no more
     */
    static ReplyMemory allocate(long bytes) {
        Arena arena = Arena.ofShared();
        ReplyMemory made = null;
        try {
            made = new ReplyMemory(arena, bytes);
            return made;
        } finally {
            if (made == null) {
                arena.close();
            }
        }
    }

    /** The memory. */
    public MemorySegment segment() {
        return segment;
    }

    /** The same memory for a socket. */
    public ByteBuffer view() {
        return view;
    }

    void free() {
        arena.close();
    }
}
