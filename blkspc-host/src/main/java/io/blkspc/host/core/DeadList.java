package io.blkspc.host.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What a version no longer needs but an older version still holds: intervals of data blocks and single tree nodes, each with
 * its birth. Appended to at the end, consumed from the front; kept in chunks so that a checkpoint writes only what changed. All
 * chunks but the last are full.
 *
 * <p>Chunk image, little-endian:
 *
 * <pre>
 *  offset size field       meaning
 *       0    8 nextChunk   id of the next chunk of this list, 0 = last
 *       8    4 entryCount  0 to {@value #CHUNK_ENTRIES}
 *      12    4 reserved    zero
 *      16   16 entries     word 0: bit 63 = 1 for a node; bits 0-53 node id or first physical block
 *                          word 1: bits 0-39 birth; bits 40-63 block count (0 for a node)
 * </pre>
 *
 * <p>Guarded by the order lock.
 */
final class DeadList {

    static final int CHUNK_ENTRIES = 250; // an image fits the smallest segments
    static final int ENTRY_BYTES = 16;
    static final int HEADER_BYTES = 16;
    static final int MAX_IMAGE_BYTES = HEADER_BYTES + CHUNK_ENTRIES * ENTRY_BYTES;
    static final long NODE_BIT = 1L << 63;
    static final long ID_MASK = (1L << 54) - 1;
    static final long BIRTH_MASK = (1L << 40) - 1;
    static final int MAX_COUNT = (1 << 24) - 1;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** One chunk; {@code words} holds two longs an entry. */
    static final class Chunk {
        final long id;
        long[] words = new long[32];
        int entries;
        boolean dirty = true;
        /** Latest birth in it; in memory only. */
        long latestBirth;

        Chunk(long id) {
            this.id = id;
        }
    }

    private final List<Chunk> chunks = new ArrayList<>();
    private long entryCount;

    boolean isEmpty() {
        return entryCount == 0;
    }

    long entryCount() {
        return entryCount;
    }

    long bytes() {
        return entryCount * ENTRY_BYTES;
    }

    List<Chunk> chunks() {
        return chunks;
    }

    long firstChunkId() {
        return chunks.isEmpty() ? 0 : chunks.get(0).id;
    }

    void addNode(ChunkIds ids, long nodeId, long birth) {
        append(ids, NODE_BIT | nodeId, birth);
    }

    /** Adds blocks; more than fit one entry become several. Returns the entries added. */
    int addBlocks(ChunkIds ids, long physical, long count, long birth) {
        int added = 0;
        for (long done = 0; done < count; ) {
            long n = Math.min(MAX_COUNT, count - done);
            append(ids, physical + done, birth | n << 40);
            done += n;
            added++;
        }
        return added;
    }

    private void append(ChunkIds ids, long word0, long word1) {
        Chunk last = chunks.isEmpty() ? null : chunks.get(chunks.size() - 1);
        if (last == null || last.entries == CHUNK_ENTRIES) {
            if (last != null) {
                last.dirty = true; // its nextChunk changes
            }
            last = new Chunk(ids.nextChunkId());
            chunks.add(last);
        }
        if (2 * last.entries == last.words.length) {
            last.words = java.util.Arrays.copyOf(last.words, Math.min(2 * CHUNK_ENTRIES, last.words.length * 2));
        }
        last.words[2 * last.entries] = word0;
        last.words[2 * last.entries + 1] = word1;
        last.entries++;
        last.latestBirth = Math.max(last.latestBirth, word1 & BIRTH_MASK);
        last.dirty = true;
        entryCount++;
    }

    /** Receives entries. */
    interface Visitor {
        void blocks(long physical, long count, long birth);

        void node(long nodeId, long birth);
    }

    /** Delivers entries {@code [from, to)} in the order they were added. */
    void forEach(long from, long to, Visitor visitor) {
        long index = 0;
        for (Chunk chunk : chunks) {
            if (index >= to) {
                return;
            }
            if (index + chunk.entries > from) {
                int first = (int) Math.max(0, from - index);
                int last = (int) Math.min(chunk.entries, to - index);
                for (int i = first; i < last; i++) {
                    deliver(chunk.words[2 * i], chunk.words[2 * i + 1], visitor);
                }
            }
            index += chunk.entries;
        }
    }

    private static void deliver(long word0, long word1, Visitor visitor) {
        if ((word0 & NODE_BIT) != 0) {
            visitor.node(word0 & ID_MASK, word1 & BIRTH_MASK);
        } else {
            visitor.blocks(word0, word1 >>> 40, word1 & BIRTH_MASK);
        }
    }

    /** Writes the image of chunk {@code index} and returns its length in bytes. */
    int encode(int index, MemorySegment to) {
        Chunk chunk = chunks.get(index);
        to.set(LONG, 0, index + 1 < chunks.size() ? chunks.get(index + 1).id : 0);
        to.set(INT, 8, chunk.entries);
        to.set(INT, 12, 0);
        for (int i = 0; i < 2 * chunk.entries; i++) {
            to.set(LONG, HEADER_BYTES + 8L * i, chunk.words[i]);
        }
        return HEADER_BYTES + chunk.entries * ENTRY_BYTES;
    }

    /** A chunk read back from an image, and the id of the one after it. */
    record Loaded(Chunk chunk, long nextChunk) {}

    /** Reads a chunk image that the segment store has verified; {@code null} when its fields make no sense. */
    static Loaded decode(long id, MemorySegment image) {
        if (image.byteSize() < HEADER_BYTES) {
            return null;
        }
        int entries = image.get(INT, 8);
        if (entries < 0
                || entries > CHUNK_ENTRIES
                || image.get(INT, 12) != 0
                || image.byteSize() != HEADER_BYTES + (long) entries * ENTRY_BYTES) {
            return null;
        }
        Chunk chunk = new Chunk(id);
        chunk.words = new long[Math.max(32, 2 * entries)];
        for (int i = 0; i < 2 * entries; i++) {
            chunk.words[i] = image.get(LONG, HEADER_BYTES + 8L * i);
        }
        chunk.entries = entries;
        for (int i = 0; i < entries; i++) {
            chunk.latestBirth = Math.max(chunk.latestBirth, chunk.words[2 * i + 1] & BIRTH_MASK);
        }
        chunk.dirty = false;
        return new Loaded(chunk, image.get(LONG, 0));
    }

    /**
     * Takes away the full chunks in which nothing was born later than {@code threshold}, as a list of their own. Looks at chunks,
     * not at entries.
     */
    DeadList takeChunksUpTo(long threshold) {
        DeadList taken = new DeadList();
        List<Chunk> left = new ArrayList<>();
        for (int i = 0; i < chunks.size(); i++) {
            Chunk chunk = chunks.get(i);
            boolean isTaken = chunk.entries == CHUNK_ENTRIES && chunk.latestBirth <= threshold;
            List<Chunk> to = isTaken ? taken.chunks : left;
            if (!to.isEmpty() && to.getLast() != chunks.get(i - 1)) {
                to.getLast().dirty = true; // its nextChunk changes
            }
            to.add(chunk);
            taken.entryCount += isTaken ? chunk.entries : 0;
        }
        for (List<Chunk> list : List.of(taken.chunks, left)) {
            if (!list.isEmpty()) {
                list.getLast().dirty = true; // what was behind it may be in the other list
            }
        }
        chunks.clear();
        chunks.addAll(left);
        entryCount -= taken.entryCount;
        return taken;
    }

    /** Puts full chunks in front. */
    void prepend(DeadList full) {
        if (!full.chunks.isEmpty()) {
            full.chunks.getLast().dirty = true; // its nextChunk changes
        }
        chunks.addAll(0, full.chunks);
        entryCount += full.entryCount;
    }

    /** Appends a loaded chunk; recovery only. */
    void attach(Chunk chunk) {
        chunks.add(chunk);
        entryCount += chunk.entries;
    }

    /** Hands out chunk ids, never twice. */
    interface ChunkIds {
        long nextChunkId();
    }
}
