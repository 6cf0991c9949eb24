package io.blkspc.api.client;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Publishes a {@link WriteQueue}: one write lease in which everything is allocated and written, contiguous device bytes as
 * one device write, then one commit per type. Owned by one thread.
 *
 * <p>Waiting happens in one place only, {@link #write}, without a lease and without stages: a block that another client
 * staged, or credit that ran out, ends the pass; what was staged is written and committed, and the next pass goes on from
 * there.
 */
final class SpaceWriter {

    /** Parts of one device write; below what one system call takes. */
    private static final int MAX_PARTS = 512;

    private final BlockSpace space;
    private final Runnable beforeWaiting;
    private final Credit credit;
    private final Edges edges;
    private final Mapping mapping = new Mapping();
    private final Transfer pending = new Transfer();
    private final CommitBatch copied = new CommitBatch();
    private final CommitBatch filled = new CommitBatch();
    private final DataChecksum data = new DataChecksum();

    private MemorySegment viewed;
    private ByteBuffer view;

    private WriteQueue queue;
    private int run;
    private long cursor;
    private int piece;

    /** Runs {@code beforeWaiting} before it waits for what others hold. */
    SpaceWriter(BlockSpace space, Arena arena, int edgeSlots, Runnable beforeWaiting) {
        this.space = space;
        this.beforeWaiting = beforeWaiting;
        this.credit = new Credit(space);
        this.edges = new Edges(arena, edgeSlots);
    }

    /**
     * Writes and publishes every run.
     *
     * @param keepCredit {@code true} when more of the same request follows: its credit is kept
     */
    void write(WriteQueue writes, boolean keepCredit) {
        queue = writes;
        startRun(0);
        Patience patience = null;
        boolean done = false;
        try {
            while (run < queue.runs()) {
                Allocation stop = writePass();
                commit();
                if (stop != null) {
                    beforeWaiting.run();
                }
                if (stop == Allocation.NO_CREDIT) {
                    credit.reserveFor(queue, run, cursor);
                } else if (stop == Allocation.BUSY) {
                    patience = patience == null ? new Patience() : patience;
                    patience.awaitUnstaged(space, Geometry.alignDown(cursor));
                }
            }
            done = true;
        } finally {
            queue = null;
            viewed = null; // the caller may free its memory
            view = null;
            if (!done) {
                forget();
            } else if (!keepCredit) {
                credit.settle();
            }
        }
    }

    /** Gives the credit back that {@code keepCredit} left. */
    void settle() {
        credit.settle();
    }

    void close() {
        credit.close();
    }

    private void forget() {
        pending.reset(0);
        copied.clear();
        filled.clear();
        edges.clear();
        credit.abandon();
    }

    /** Allocates and writes until all is done, or says what stopped it. */
    private Allocation writePass() {
        try (Lease _ = Patience.writeLease(space)) {
            Allocation stop = null;
            while (stop == null && run < queue.runs()) {
                long block = Geometry.alignDown(cursor);
                long count = Geometry.alignUp(queue.runEnd(run)) - block;
                Allocation kind = space.allocate(credit.cookie(), block, count, mapping);
                if (kind == Allocation.IN_PLACE) {
                    writeInPlace();
                } else if (kind.isWritable()) {
                    writeStaged(kind);
                } else {
                    stop = kind;
                }
            }
            drain();
            edges.clear();
            return stop;
        }
    }

    private void startRun(int next) {
        run = next;
        if (next < queue.runs()) {
            cursor = queue.runStart(next);
            piece = queue.firstPiece(next);
        }
    }

    private void advance(long end) {
        cursor = end;
        if (end == queue.runEnd(run)) {
            startRun(run + 1);
        }
    }

    private void writeInPlace() {
        long end = Math.min(mapping.endOffsetBytes(), queue.runEnd(run));
        long shift = mapping.deviceOffsetBytes() - mapping.offsetBytes();
        addPieces(cursor, end, shift, false);
        advance(end);
    }

    private void writeStaged(Allocation kind) {
        CommitBatch batch = kind == Allocation.COW ? copied : filled;
        long end = Math.min(mapping.endOffsetBytes(), queue.runEnd(run));
        long shift = mapping.deviceOffsetBytes() - mapping.offsetBytes();
        long block = mapping.offsetBytes();
        long blocksEnd = Geometry.alignUp(end);
        long wholeEnd = Geometry.alignDown(end);
        while (block < blocksEnd) {
            long rangeStart = block;
            long rangeEnd = Math.min(blocksEnd, rangeStart + Geometry.MAX_WINDOW_BYTES);
            data.reset();
            while (block < rangeEnd) {
                if (block < cursor || block >= wholeEnd) {
                    addEdge(kind, block, shift);
                    block += Geometry.BLOCK_BYTES;
                } else {
                    long bodyEnd = Math.min(wholeEnd, rangeEnd);
                    addPieces(block, bodyEnd, shift, true);
                    block = bodyEnd;
                }
            }
            batch.add(rangeStart, (int) (rangeEnd - rangeStart), data.value());
        }
        advance(end);
    }

    private void addEdge(Allocation kind, long block, long shift) {
        if (edges.isFull()) {
            drain();
            edges.clear();
        }
        seek(block);
        int lastPiece = run + 1 < queue.runs() ? queue.firstPiece(run + 1) : queue.pieces();
        long slot = edges.complete(space.device(), kind, mapping, block, queue, piece, lastPiece);
        data.update(edges.view().limit((int) slot + Geometry.BLOCK_BYTES).position((int) slot));
        add(block + shift, edges.segment(), slot, Geometry.BLOCK_BYTES);
    }

    /** Adds the queued bytes of one part of the current run to the device write, and to the checksum if asked. */
    private void addPieces(long from, long end, long shift, boolean checksum) {
        long at = from;
        while (at < end) {
            seek(at);
            long count = Math.min(end, queue.pieceEnd(piece)) - at;
            long start = queue.pieceStart(piece) + (at - queue.pieceOffset(piece));
            MemorySegment segment = queue.pieceSegment(piece);
            if (checksum) {
                data.update(view(segment).limit((int) (start + count)).position((int) start));
            }
            add(at + shift, segment, start, count);
            at += count;
        }
    }

    /** Moves to the piece of the current run that holds {@code offset}, or to its first one. */
    private void seek(long offset) {
        while (queue.pieceEnd(piece) <= offset) {
            piece++;
        }
    }

    private ByteBuffer view(MemorySegment segment) {
        if (!segment.equals(viewed)) { // the same region of the same arena
            view = segment.asByteBuffer();
            viewed = segment;
        }
        return view;
    }

    private void add(long deviceOffset, MemorySegment segment, long start, long count) {
        boolean follows = pending.count() > 0 && pending.deviceOffsetBytes() + pending.totalBytes() == deviceOffset;
        if (!follows || pending.count() >= MAX_PARTS) {
            drain();
            pending.reset(deviceOffset);
        }
        pending.add(segment, start, count);
    }

    private void drain() {
        if (pending.count() > 0) {
            space.device().write(pending, IoRole.DATA);
            pending.reset(0);
        }
    }

    private void commit() {
        if (filled.size() > 0) {
            space.commit(credit.cookie(), CommitType.UNWRITTEN, filled);
            filled.clear();
        }
        if (copied.size() > 0) {
            space.commit(credit.cookie(), CommitType.COW, copied);
            copied.clear();
        }
    }

    /** Reports a failure as a value: for callers that go on with other writes. */
    BlockSpaceException attempt(WriteQueue writes) {
        try {
            write(writes, false);
            return null;
        } catch (BlockSpaceException e) {
            return e;
        }
    }
}
