package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.QueuedDevice;
import io.blkspc.api.ReadQueue;
import java.lang.foreign.MemorySegment;

/**
 * Reads of a space that are under way for one thread, which goes on meanwhile; made by {@link SpaceIo#openReads}. Each holds
 * a read lease from its look-up until its last byte is there, so that no block it names is reused (SEMANTICS S9).
 *
 * <p>Before the thread waits for anything but {@link #await}, for a client or for a lease of others, it calls {@link #settle}.
 * Allocates nothing for a read that succeeds.
 */
public final class SpaceReads implements AutoCloseable {

    /** What {@link #poll} answers when nothing is complete. */
    public static final int NONE = ReadQueue.NONE;

    /** Most pieces of one read, where it is scattered over the device; one of more is not taken. */
    static final int MAX_PIECES = 16;

    private final BlockSpace space;
    private final ExtentCache extents;
    private final ReadQueue queue;
    private final long alignMask;

    // By tag of a read of the space.
    private final Lease[] leases;
    private final int[] missing;
    private final BlockSpaceException[] failures;
    // By tag of a read of the device: the read it is a piece of, or -1.
    private final int[] owners;
    private final int[] freePieces;
    private int freePieceCount;
    // Tags of reads that are complete and were not polled, a ring.
    private final int[] complete;
    private int completeFirst;
    private int completeCount;
    private int underWay;
    private BlockSpaceException failure;

    private final long[] pieceOffsets = new long[MAX_PIECES];
    private final long[] pieceDevices = new long[MAX_PIECES];
    private final int[] pieceLengths = new int[MAX_PIECES];

    private SpaceReads(BlockSpace space, ExtentCache extents, ReadQueue queue, int depth) {
        this.space = space;
        this.extents = extents;
        this.queue = queue;
        this.alignMask = queue.alignBytes() - 1L;
        this.leases = new Lease[depth];
        this.missing = new int[depth];
        this.failures = new BlockSpaceException[depth];
        this.complete = new int[depth];
        this.owners = new int[depth];
        this.freePieces = new int[depth];
        for (int piece = 0; piece < depth; piece++) {
            freePieces[freePieceCount++] = depth - 1 - piece;
        }
    }

    /** For the current thread; {@code null} where the device has no queue. */
    static SpaceReads tryOpen(BlockSpace space, ExtentCache extents, int depth) {
        ReadQueue queue = space.device() instanceof QueuedDevice device ? device.openReadQueue(depth) : null;
        return queue == null ? null : new SpaceReads(space, extents, queue, depth);
    }

    /** Reads that were begun and not polled yet. */
    public int count() {
        return underWay + completeCount;
    }

    /**
     * Begins a read of at least one byte, inside the space. Zeros are filled in at once.
     *
     * @param tag 0 to the depth less one; of no other read until {@link #poll} gave it back
     * @param target native memory that is kept until then, filled from {@code start}
     * @param dataOnly refuse what has bytes that are not stored
     * @return {@code false} when the device has no way to do this one aside, or there is nothing to do aside: nothing was begun
     * @throws BlockSpaceException of looking it up: nothing was begun
     * @throws IllegalStateException of the device, which may write to the memory all the same: see {@link #holds}
     */
    public boolean begin(int tag, long offset, int length, MemorySegment target, long start, boolean dataOnly) {
        if (((offset | length | (target.address() + start)) & alignMask) != 0 || freePieceCount == 0) {
            return false;
        }
        Lease lease = space.readLease();
        int pieces = 0;
        try {
            int found = find(offset, length, dataOnly);
            pieces = found > freePieceCount ? 0 : found;
        } finally {
            if (pieces == 0) {
                lease.close();
            }
        }
        if (pieces > 0) {
            leases[tag] = lease; // first: a piece may be at the medium though the next one throws
            read(tag, offset, length, target, start, pieces);
        }
        return pieces > 0;
    }

    /**
     * Whether the memory of a tag is needed: from {@link #begin} until the read is complete. Where {@link #begin} threw something
     * unforeseen, until {@link #close}: such a read has a tag that does not come back.
     */
    public boolean holds(int tag) {
        return leases[tag] != null;
    }

    /** Finds the pieces of a range; 0 when there are none, or too many, or zeros that are not wanted. */
    private int find(long offset, int length, boolean dataOnly) {
        int pieces = 0;
        for (int done = 0; done < length; ) {
            int count = (int) extents.find(offset + done, length - done);
            long device = extents.deviceOffset();
            if (device == Mapping.NO_DEVICE_OFFSET) {
                if (dataOnly) {
                    return 0;
                }
            } else if (pieces > 0 && follows(pieces - 1, offset + done, device)) {
                pieceLengths[pieces - 1] += count;
            } else if (pieces == MAX_PIECES) {
                return 0;
            } else {
                pieceOffsets[pieces] = offset + done;
                pieceDevices[pieces] = device;
                pieceLengths[pieces++] = count;
            }
            done += count;
        }
        return pieces;
    }

    private boolean follows(int piece, long offset, long device) {
        long length = pieceLengths[piece];
        return pieceOffsets[piece] + length == offset && pieceDevices[piece] + length == device;
    }

    private void read(int tag, long offset, int length, MemorySegment target, long start, int pieces) {
        missing[tag] = pieces + 1; // one more until all are begun: those of a read that threw do not complete it
        long at = offset;
        for (int i = 0; i < pieces; i++) {
            zero(target, start + (at - offset), pieceOffsets[i] - at);
            int piece = freePieces[--freePieceCount];
            owners[piece] = tag;
            queue(piece, pieceDevices[i], target, start + (pieceOffsets[i] - offset), pieceLengths[i]);
            at = pieceOffsets[i] + pieceLengths[i];
        }
        zero(target, start + (at - offset), offset + length - at);
        missing[tag] = pieces;
        failures[tag] = null;
        underWay++;
    }

    private void queue(int piece, long device, MemorySegment target, long start, int length) {
        try {
            queue.read(piece, device, target, start, length, IoRole.DATA);
        } catch (BlockSpaceException e) { // else it would pass for one of looking up
            throw new IllegalStateException("a read queue threw a failure instead of completing with it", e);
        }
    }

    private static void zero(MemorySegment target, long start, long length) {
        if (length > 0) {
            Zeros.copyTo(target, start, length);
        }
    }

    /**
     * Hands what was begun to the medium, and waits as {@link ReadQueue#await} does; not while something can be polled.
     *
     * @param descriptor a file descriptor that ends the wait when it has bytes; or -1
     */
    public void await(int descriptor) {
        collect();
        if (completeCount > 0) {
            queue.start();
        } else if (underWay > 0) {
            queue.await(descriptor);
        }
        collect();
    }

    /** Waits until nothing is under way and no lease is held; what is complete is polled later. */
    public void settle() {
        while (underWay > 0) {
            queue.await(-1);
            collect();
        }
    }

    /** Takes the tag of a read that is complete, or {@link #NONE}. */
    public int poll() {
        if (completeCount == 0) {
            return NONE;
        }
        int tag = complete[completeFirst];
        completeFirst = completeFirst + 1 == complete.length ? 0 : completeFirst + 1;
        completeCount--;
        failure = failures[tag];
        failures[tag] = null;
        return tag;
    }

    /** Why the read that was polled last has failed, or {@code null}. */
    public BlockSpaceException failure() {
        return failure;
    }

    /** Waits for the medium; reads that were not polled are forgotten. Idempotent. */
    @Override
    public void close() {
        queue.close();
        for (int tag = 0; tag < leases.length; tag++) {
            end(tag);
        }
        underWay = 0;
        completeCount = 0;
    }

    private void collect() {
        for (int piece = queue.poll(); piece != NONE; piece = queue.poll()) {
            int tag = owners[piece];
            if (queue.failure() != null) {
                failures[tag] = queue.failure();
            }
            freePieces[freePieceCount++] = piece;
            if (--missing[tag] == 0) {
                end(tag);
                underWay--;
                int last = completeFirst + completeCount++;
                complete[last < complete.length ? last : last - complete.length] = tag;
            }
        }
    }

    private void end(int tag) {
        if (leases[tag] != null) {
            leases[tag].close();
            leases[tag] = null;
        }
    }
}
