package io.blkspc.host.extent;

import java.util.Arrays;

/**
 * One immutable node of the extent tree. A leaf (level 0) describes 256 blocks by sorted extents; an inner node (levels 1
 * to 3) has 256 slots, each empty, a child, or at level 1 a direct extent: a child span that is physically contiguous, with one
 * state and one birth.
 *
 * <p>In memory a node is a bitmap of 256 bits (in a leaf: the blocks where extents start; in an inner node: the used slots)
 * and a packed array of two words per set bit, so that its size follows its content and finding an entry is counting bits.
 *
 * <p>Safe to share between threads: every field is final, and no caller can reach the array.
 */
public final class Node {

    /** log2 of the number of slots of an inner node and of the blocks of a leaf. */
    static final int FANOUT_SHIFT = 8;

    /** Slots of an inner node; blocks of a leaf. */
    public static final int FANOUT = 1 << FANOUT_SHIFT;

    /** Level of every root node. */
    public static final int ROOT_LEVEL = 3;

    /** Blocks of one address space: 2^32. */
    public static final long SPACE_BLOCKS = 1L << ((ROOT_LEVEL + 1) * FANOUT_SHIFT);

    private static final int OBJECT_BYTES = 88;

    private final long id;
    private final long firstBlock;
    private final long bits0;
    private final long bits1;
    private final long bits2;
    private final long bits3;
    private final long[] words;
    private final int level;

    /**
     * Takes over {@code words}.
     *
     * @param bits 4 words of bitmap; copied
     * @param words entry word and birth per set bit, in the order of the bits
     */
    Node(long id, int level, long firstBlock, long[] bits, long[] words) {
        this.id = id;
        this.level = level;
        this.firstBlock = firstBlock;
        this.bits0 = bits[0];
        this.bits1 = bits[1];
        this.bits2 = bits[2];
        this.bits3 = bits[3];
        this.words = words;
        assert words.length == 2 * rank(FANOUT) : "bits=" + rank(FANOUT) + ", words=" + words.length;
    }

    /** Identity: 1 to 2^54 - 1, never reused. */
    public long id() {
        return id;
    }

    /** 0 for a leaf, 3 for a root. */
    public int level() {
        return level;
    }

    /** {@code true} at level 0. */
    public boolean isLeaf() {
        return level == 0;
    }

    /** First logical block of the span this node describes, a multiple of its length. */
    public long firstBlock() {
        return firstBlock;
    }

    /** Extents of a leaf, used slots of an inner node: 1 to 256. */
    public int count() {
        return words.length >> 1;
    }

    /** Memory this object takes, in bytes, about. */
    public int heapBytes() {
        return OBJECT_BYTES + words.length * Long.BYTES;
    }

    /** Blocks under one node of a level: 256 for a leaf. */
    static long spanBlocks(int level) {
        return 1L << ((level + 1) * FANOUT_SHIFT);
    }

    /** Slot of a block in the node of a level that covers it. */
    static int slotOf(int level, long block) {
        return (int) (block >>> (level * FANOUT_SHIFT)) & (FANOUT - 1);
    }

    /** Word of entry {@code index}, in the order of the bitmap. */
    long word(int index) {
        return words[2 * index];
    }

    /** Birth of entry {@code index}. */
    long birth(int index) {
        return words[2 * index + 1];
    }

    boolean hasSlot(int slot) {
        return ((bits(slot >>> 6) >>> slot) & 1) != 0;
    }

    /** Index of the entry of a used slot; of the first entry after it otherwise. */
    int indexOf(int slot) {
        return rank(slot);
    }

    /** Index of the last extent that starts at or before {@code block} (relative to the leaf), or -1. */
    int extentAtOrBefore(int block) {
        return rank(block + 1) - 1;
    }

    /** First set bit at or after {@code from}, or 256. */
    int nextBit(int from) {
        for (int word = from >>> 6, shift = from & 63; word < 4; word++, shift = 0) {
            long rest = bits(word) >>> shift << shift;
            if (rest != 0) {
                return (word << 6) + Long.numberOfTrailingZeros(rest);
            }
        }
        return FANOUT;
    }

    /** A leaf of a few extents. */
    static Node leaf(long id, long firstBlock, long[] entries, int count) {
        long[] bits = new long[FANOUT >>> 6];
        mark(bits, entries, 0, count);
        return new Node(id, 0, firstBlock, bits, Arrays.copyOf(entries, 2 * count));
    }

    /**
     * This leaf with the extents from index {@code from} to {@code to} (exclusive) replaced by others, under an id that may be its
     * own. One copy of what stays.
     */
    Node spliced(long newId, int from, int to, long[] entries, int count) {
        long[] bits = {bits0, bits1, bits2, bits3};
        mark(bits, words, from, to);
        mark(bits, entries, 0, count);
        long[] changed = Arrays.copyOf(words, words.length + 2 * (count - (to - from)));
        System.arraycopy(entries, 0, changed, 2 * from, 2 * count);
        if (count != to - from) {
            System.arraycopy(words, 2 * to, changed, 2 * (from + count), words.length - 2 * to);
        }
        return new Node(newId, 0, firstBlock, bits, changed);
    }

    /** Flips the bits of the blocks where some extents start. */
    private static void mark(long[] bits, long[] entries, int from, int to) {
        for (int index = from; index < to; index++) {
            int start = Entry.start(entries[2 * index]);
            bits[start >>> 6] ^= 1L << start;
        }
    }

    /** Number of set bits below {@code bit}, which may be 256. */
    private int rank(int bit) {
        int rank = 0;
        int word = bit >>> 6;
        if (word > 0) {
            rank += Long.bitCount(bits0);
        }
        if (word > 1) {
            rank += Long.bitCount(bits1);
        }
        if (word > 2) {
            rank += Long.bitCount(bits2);
        }
        if (word > 3) {
            return rank + Long.bitCount(bits3);
        }
        return rank + Long.bitCount(bits(word) & ((1L << bit) - 1));
    }

    private long bits(int word) {
        return switch (word) {
            case 0 -> bits0;
            case 1 -> bits1;
            case 2 -> bits2;
            default -> bits3;
        };
    }

    @Override
    public String toString() {
        return "Node[id=" + id + ", level=" + level + ", firstBlock=" + firstBlock + ", count=" + count() + "]";
    }
}
