package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Byte-granular IO on a {@link BlockSpace}: does the mapping, allocating, completing of partial blocks, device IO,
 * checksums and commits that the contract asks of a client.
 *
 * <p>A write that returned is visible to every later read and survives the death of this process; it survives power loss
 * after {@link #flush}, or at once with {@code fua}. After an exception the bytes of that request hold old or new data,
 * and nothing that it reserved or staged is left.
 *
 * <p>One thread at a time; several instances on one space may be used by several threads. Memory handed in is native and
 * at most 2 GiB. In steady state no call allocates on the Java heap.
 *
 * <p>Errors of every call: {@link BlockSpaceException} with {@code OUT_OF_RANGE} for a range not inside the space, {@code
 * OUT_OF_SPACE}, {@code READ_ONLY}, {@code CLOSED}, {@code FAILED}, {@code IO}; {@code BUSY} when another client held what
 * is needed for 30 seconds.
 */
public final class SpaceIo implements AutoCloseable {

    /** Shorter runs are read and sent with others: a system call for each would cost more than the copy. */
    public static final int MIN_SENT_BYTES = 64 << 10;

    private static final int DEFAULT_EDGE_BLOCKS = 4;
    private static final int BATCH_EDGE_BLOCKS = 128;

    private final BlockSpace space;
    private final Arena arena;
    private final SpaceReader reader;
    private final SpaceSends sends;
    private final SpaceWriter writer;
    private final RangeZeroer zeroer;
    private final WriteQueue single = new WriteQueue(1, 1);
    private final WriteQueue queue;
    private final BlockSpaceException[] failures;

    private long openOffset;
    private long openEnd = -1;
    private SpaceReads reads;

    private SpaceIo(BlockSpace space, Arena arena, int edgeBlocks, int maxRuns, int maxPieces, int cachedExtents) {
        this.space = space;
        this.arena = arena;
        this.reader = new SpaceReader(space, cachedExtents);
        this.sends = new SpaceSends(space, reader.extents());
        this.writer = new SpaceWriter(space, arena, edgeBlocks, this::beforeWaiting);
        this.zeroer = new RangeZeroer(space, reader, writer);
        this.queue = new WriteQueue(maxRuns, maxPieces);
        this.failures = new BlockSpaceException[maxPieces];
    }

    /** For one request at a time. */
    public static SpaceIo on(BlockSpace space) {
        return make(space, DEFAULT_EDGE_BLOCKS, 1, 1, ExtentCache.ONE);
    }

    /** For {@link #queue queued} writes as well, and for many reads: holds 512 KiB of scratch memory and cached extents. */
    public static SpaceIo batched(BlockSpace space) {
        return make(space, BATCH_EDGE_BLOCKS, WriteQueue.MAX_RUNS, WriteQueue.MAX_PIECES, ExtentCache.MANY);
    }

    private static SpaceIo make(BlockSpace space, int edgeBlocks, int maxRuns, int maxPieces, int cachedExtents) {
        Arena arena = Arena.ofShared();
        SpaceIo io = null;
        try {
            io = new SpaceIo(space, arena, edgeBlocks, maxRuns, maxPieces, cachedExtents);
            return io;
        } finally {
            if (io == null) {
                arena.close();
            }
        }
    }

    /** The space it works on. */
    public BlockSpace space() {
        return space;
    }

    // Reading

    /** Reads {@code length} bytes at {@code offset} into {@code target} from {@code start}. */
    public void read(long offset, long length, MemorySegment target, long start) {
        checkRange(offset, length);
        reader.read(offset, length, target, start, false);
    }

    /**
     * Reads as {@link #read} only if that needs no wait for the medium.
     *
     * @return {@code false} when it would have waited; the target is then partly overwritten
     */
    public boolean readCached(long offset, long length, MemorySegment target, long start) {
        checkRange(offset, length);
        return reader.read(offset, length, target, start, true);
    }

    /**
     * Reads the run at {@code offset}, at most {@code length} long, that is all data or all zeros.
     *
     * @param cachedOnly do not wait for the medium
     * @return bytes of data read; or minus the length of a run of zeros, which are not stored; or 0 when {@code cachedOnly}
     *     and it would have waited
     */
    public long readRun(long offset, long length, MemorySegment target, long start, boolean cachedOnly) {
        checkRange(offset, length);
        return reader.readRun(offset, length, target, start, cachedOnly);
    }

    /** {@code false} when {@link #sendRun} never does anything, because the device cannot. */
    public boolean sendsRuns() {
        return sends.isPossible();
    }

    /**
     * Sends the run of data at {@code offset}, at most {@code length} long, from where the device has it in memory. What the
     * socket did not take within the patience of the sink is in the sink's memory afterwards, where it would be had the whole run been
     * read to behind the head; the caller sends it. No lease is held then.
     *
     * @param whole do nothing unless all of {@code length} is one run
     * @return bytes of the run; or 0 when it cannot be done, or does not pay, and nothing was sent
     * @throws BlockSpaceException of reading what the socket did not take; {@link RunSink#sent} tells whether something was sent
     *     before
     */
    public long sendRun(long offset, long length, boolean whole, RunSink sink) {
        checkRange(offset, length);
        return sends.send(offset, length, whole, sink);
    }

    /**
     * Reads that go on while the current thread does other things; it alone uses both from now on, and closes the reads first.
     * Where a write must wait for others, it waits for those reads before.
     *
     * @param depth most of them at a time
     * @return {@code null} when the device has no way to do that
     */
    public SpaceReads openReads(int depth) {
        reads = SpaceReads.tryOpen(space, reader.extents(), depth);
        return reads;
    }

    /** A hint that a range will be read soon: looks up where it lies, not the data. */
    public void prefetch(long offset, long length) {
        checkRange(offset, length);
        reader.extents().prefetch(offset, length);
    }

    /** A hint that a range will not be read soon. */
    public void drop(long offset, long length) {
        checkRange(offset, length);
        reader.extents().drop(offset, length);
    }

    // Writing

    /** Writes {@code length} bytes of {@code source} from {@code start}; with {@code fua} durably. */
    public void write(long offset, long length, MemorySegment source, long start, boolean fua) {
        checkRange(offset, length);
        if (length == 0) {
            return;
        }
        single.clear();
        single.add(offset, length, source, start);
        try {
            writer.write(single, false);
        } finally {
            single.clear();
        }
        persist(offset, length, fua);
    }

    /**
     * Begins one write whose bytes arrive in parts, so that space for all of it is reserved before the first single. Nothing
     * else is called before {@link #closeWrite}. Cut parts at block boundaries: a block cut in two is written twice.
     */
    public void openWrite(long offset, long length) {
        checkRange(offset, length);
        openOffset = offset;
        openEnd = offset + length;
    }

    /** Writes the next bytes of the open write. After an exception only {@link #closeWrite} may follow. */
    public void writeNext(long length, MemorySegment source, long start) {
        if (length > openEnd - openOffset) {
            throw new IllegalStateException("part is longer than the open write: length=" + length);
        }
        single.clear();
        single.add(openOffset, length, source, start);
        single.reserveAhead(openEnd);
        try {
            writer.write(single, true);
        } finally {
            single.clear();
        }
        openOffset += length;
    }

    /** Ends the open write, also after a failure: unused space goes back. */
    public void closeWrite() {
        openEnd = -1;
        writer.settle();
    }

    // Queued writing: group publication

    /**
     * Queues a write of at least one byte; its memory must stay unchanged until {@link #publish}. Writes that follow each
     * other byte by byte become one.
     *
     * @return {@code false} when it shares a block with a queued write that it does not continue, or the queue is full:
     *     publish, then queue again
     */
    public boolean queue(long offset, long length, MemorySegment source, long start) {
        checkRange(offset, length);
        return queue.add(offset, length, source, start);
    }

    /** Number of queued writes. */
    public int queued() {
        return queue.pieces();
    }

    /** {@code true} when a queued write shares a block with this range. */
    public boolean queuedTouches(long offset, long length) {
        return queue.touches(offset, length);
    }

    /**
     * Writes and publishes everything queued as one group. Failures are not thrown but kept per write: a group that fails
     * is repeated one write at a time, so that only writes that cannot succeed fail.
     *
     * @return number of writes that failed; see {@link #failure}
     */
    public int publish() {
        int count = queue.pieces();
        if (count == 0) {
            return 0;
        }
        try {
            BlockSpaceException groupFailure = writer.attempt(queue);
            if (groupFailure == null) {
                Arrays.fill(failures, 0, count, null);
                return 0;
            }
            if (count == 1) {
                failures[0] = groupFailure;
                return 1;
            }
            return publishOneByOne(count);
        } finally {
            queue.clear();
        }
    }

    /** Why write {@code index}, counted from 0 since the queue was empty, failed in the last {@link #publish}, or null. */
    public BlockSpaceException failure(int index) {
        return failures[index];
    }

    private int publishOneByOne(int count) {
        int failed = 0;
        for (int i = 0; i < count; i++) {
            single.clear();
            single.add(queue.pieceOffset(i), queue.pieceLength(i), queue.pieceSegment(i), queue.pieceStart(i));
            failures[i] = writer.attempt(single);
            failed += failures[i] == null ? 0 : 1;
        }
        single.clear();
        return failed;
    }

    // Zeroing, trimming, flushing

    /**
     * Makes a range read as zeros, without writing more than its partial first and last blocks.
     *
     * @param noHole {@code true}: the whole range has blocks afterwards, so that writing it cannot run out of space
     */
    public void zero(long offset, long length, boolean noHole, boolean fua) {
        checkRange(offset, length);
        zeroer.zero(offset, length, noHole);
        persist(offset, length, fua);
    }

    /**
     * Gives every hole of a range of whole blocks space of its own and leaves what it holds. Where the volume is guaranteed
     * in full and owns all its blocks, no later write of it takes anything of the pool, not even a journal record once a block was written.
     */
    public void preallocate(long offset, long length) {
        checkRange(offset, length);
        zeroer.preallocate(offset, length);
    }

    /** Returns the blocks that lie wholly inside a range; the rest of it is left as it is. */
    public void trim(long offset, long length, boolean fua) {
        checkRange(offset, length);
        long bodyStart = Geometry.alignUp(offset);
        long bodyEnd = Geometry.alignDown(offset + length);
        if (bodyStart < bodyEnd) {
            Patience.discard(space, bodyStart, bodyEnd - bodyStart);
            persist(offset, length, fua);
        }
    }

    /** A persist point: everything any client of the space was told is written survives power loss. */
    public void flush() {
        space.flush();
    }

    /** Gives its cookie and its memory back; the space stays open. Idempotent. */
    @Override
    public void close() {
        writer.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    // Blocks that a write waits for may be free once our own reads of them end.
    private void beforeWaiting() {
        if (reads != null) {
            reads.settle();
        }
    }

    private void persist(long offset, long length, boolean fua) {
        if (fua) {
            space.flush(offset, length);
        }
    }

    private void checkRange(long offset, long length) {
        if (offset < 0 || length < 0 || length > space.sizeBytes() - offset) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "range is not inside the space: offset=" + offset + ", length=" + length + ", size="
                            + space.sizeBytes());
        }
    }
}
