package io.blkspc.xfsish.buffer;

import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * One block in memory. It belongs to the {@link BufferCache}, which guards every field but the bytes with its lock; the
 * bytes are written by the one holder and read under a share.
 *
 * <pre>
 *  state    edge, and who takes it                                       what is true
 *  EMPTY    a slot without valid bytes; held by a loader or an overwriter
 *           → CLEAN    the loader, after the device read
 *           → DIRTY    the transaction that wrote the whole block
 *  CLEAN    bytes are those of the space; no cookie
 *           → DIRTY    a transaction: takes a reference of its cookie
 *           → EMPTY    eviction
 *  DIRTY    bytes are newer; owns one reference of the cookie that will pay
 *           → WRITING  write-back, when no transaction holds it
 *           → EMPTY    shutdown: the reference is put
 *  WRITING  bytes do not change (the checksum must match what is written); readers may read
 *           → CLEAN    committed: the reference is put
 *           → DIRTY    failed: keeps its reference, see {@link #hasStage}
 * </pre>
 */
public final class Buffer {

    enum State {
        EMPTY,
        CLEAN,
        DIRTY,
        WRITING
    }

    static final long NO_BLOCK = -1;

    /** Dirty sequence of a buffer whose transaction still runs. */
    static final long NOT_YET = Long.MAX_VALUE;

    final int slot;
    private final MemorySegment memory;
    private final ByteBuffer view;

    long block = NO_BLOCK;
    State state = State.EMPTY;
    /** Who may change it: a transaction, the loader, or null for nobody. */
    BufferHolder holder;
    /** Readers and write-back, who must not see it change. */
    int shares;

    Cookie cookie;
    boolean hasStage;
    /** Not to be written where it belongs: its change is not in the log yet, or it has no place yet. */
    boolean pinned;
    /** Counted in the dirty total of the cache: its transaction has ended. */
    boolean counted;

    long dirtySequence = NOT_YET;
    boolean referenced;

    Buffer(int slot, MemorySegment all) {
        this.slot = slot;
        this.memory = all.asSlice((long) slot * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        this.view = memory.asByteBuffer();
    }

    /** Index of the block in the space. */
    public long block() {
        return block;
    }

    /** First byte of the block in the space. */
    public long offsetBytes() {
        return block << Geometry.BLOCK_SHIFT;
    }

    /** Its 4096 bytes. Changed only by the transaction that holds it, after {@code dirty}. */
    public MemorySegment memory() {
        return memory;
    }

    /** The bytes, from first to last, for a checksum; only for write-back, one thread at a time. */
    public ByteBuffer view() {
        return view.clear();
    }

    /** {@code true} when this very cookie pays for writing it. */
    @SuppressWarnings("ReferenceEquality") // a cookie is its identity
    public boolean isPaidBy(Cookie other) {
        return cookie == other;
    }

    /** The cookie that pays for writing a dirty buffer. */
    public Cookie cookie() {
        return cookie;
    }

    /**
     * {@code true} when a write-back that failed left a stage behind. Only the cookie it was staged with can write and
     * commit it: another one would be told BUSY by a stage that nobody ever ends.
     */
    public boolean hasStage() {
        return hasStage;
    }

    /** {@code true} when it has a cookie; for whoever holds it. */
    public boolean isDirty() {
        return state == State.DIRTY || state == State.WRITING;
    }

    /** {@code true} when it takes none of a new transaction's memory; for whoever holds it. */
    public boolean isCounted() {
        return counted;
    }

    @SuppressWarnings("ReferenceEquality") // holders are told apart by identity
    boolean isHeldBy(BufferHolder who) {
        return holder == who;
    }

    boolean isIdle() {
        return holder == null && shares == 0;
    }

    boolean isEvictable() {
        return state == State.CLEAN && isIdle();
    }

    boolean isWritable() {
        return state == State.DIRTY && holder == null && !pinned;
    }

    void becomeClean() {
        state = State.CLEAN;
        cookie = null;
        hasStage = false;
        pinned = false;
        dirtySequence = NOT_YET;
    }

    void becomeEmpty() {
        becomeClean();
        block = NO_BLOCK;
        state = State.EMPTY;
        holder = null;
    }

    @Override
    public String toString() {
        return "buffer[block=" + block + " " + state + " shares=" + shares + (holder == null ? "" : " held")
                + (hasStage ? " stage" : "") + "]";
    }
}
