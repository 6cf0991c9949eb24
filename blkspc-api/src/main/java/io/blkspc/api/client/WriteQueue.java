package io.blkspc.api.client;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Writes that wait for one publication. Pieces that follow each other byte by byte form one run; no two runs touch the
 * same block, so each partial block is completed once. Owned by one thread.
 */
final class WriteQueue {

    /** Bounds the search for overlaps, which is linear. */
    static final int MAX_RUNS = 128;

    static final int MAX_PIECES = 1024;

    private final long[] pieceOffset;
    private final long[] pieceLength;
    private final long[] pieceStart;
    private final MemorySegment[] pieceSegment;
    private int pieces;

    private final long[] runStart;
    private final long[] runEnd;
    private final int[] runFirstPiece;
    private int runs;
    private long reserveAheadEnd;

    WriteQueue(int maxRuns, int maxPieces) {
        pieceOffset = new long[maxPieces];
        pieceLength = new long[maxPieces];
        pieceStart = new long[maxPieces];
        pieceSegment = new MemorySegment[maxPieces];
        runStart = new long[maxRuns];
        runEnd = new long[maxRuns];
        runFirstPiece = new int[maxRuns];
    }

    void clear() {
        Arrays.fill(pieceSegment, 0, pieces, null);
        pieces = 0;
        runs = 0;
        reserveAheadEnd = 0;
    }

    /**
     * Adds a write of at least one byte.
     *
     * @return {@code false} when it shares a block with another run or the queue is full: publish first
     */
    boolean add(long offset, long length, MemorySegment segment, long start) {
        if (pieces == pieceOffset.length) {
            return false;
        }
        int last = runs - 1;
        boolean continues = runs > 0 && runEnd[last] == offset;
        if (touches(offset, length, continues ? last : runs) || (!continues && runs == runStart.length)) {
            return false;
        }
        if (continues) {
            runEnd[last] = offset + length;
        } else {
            runStart[runs] = offset;
            runEnd[runs] = offset + length;
            runFirstPiece[runs] = pieces;
            runs++;
        }
        pieceOffset[pieces] = offset;
        pieceLength[pieces] = length;
        pieceSegment[pieces] = segment;
        pieceStart[pieces] = start;
        pieces++;
        return true;
    }

    /** {@code true} when a queued write and this range have a block in common. */
    boolean touches(long offset, long length) {
        return touches(offset, length, runs);
    }

    private boolean touches(long offset, long length, int runsToSearch) {
        long first = Geometry.alignDown(offset);
        long end = Geometry.alignUp(offset + length);
        for (int run = 0; run < runsToSearch; run++) {
            if (first < runEnd[run] && Geometry.alignDown(runStart[run]) < end) {
                return true;
            }
        }
        return false;
    }

    /** Lets the last run reserve for bytes that later publications will write. */
    void reserveAhead(long endOffset) {
        reserveAheadEnd = endOffset;
    }

    int pieces() {
        return pieces;
    }

    int runs() {
        return runs;
    }

    long runStart(int run) {
        return runStart[run];
    }

    long runEnd(int run) {
        return runEnd[run];
    }

    /** Where credit for a run should end: at its end, or further for the last one. */
    long reserveEnd(int run) {
        return run == runs - 1 ? Math.max(runEnd[run], reserveAheadEnd) : runEnd[run];
    }

    int firstPiece(int run) {
        return runFirstPiece[run];
    }

    long pieceOffset(int piece) {
        return pieceOffset[piece];
    }

    long pieceEnd(int piece) {
        return pieceOffset[piece] + pieceLength[piece];
    }

    long pieceLength(int piece) {
        return pieceLength[piece];
    }

    MemorySegment pieceSegment(int piece) {
        return pieceSegment[piece];
    }

    /** First byte of the piece in its segment. */
    long pieceStart(int piece) {
        return pieceStart[piece];
    }
}
