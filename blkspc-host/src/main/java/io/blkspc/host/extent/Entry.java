package io.blkspc.host.extent;

/**
 * Bits of one entry of a node: a 56-bit word and a birth. The word is the same in memory and in the stored format.
 *
 * <pre>
 *  leaf extent   bits  0..7  start: first block, relative to the leaf
 *                bits  8..15 length in blocks - 1
 *                bits 16..17 state: 1 unwritten, 2 written
 *                bits 18..55 physical: first physical block
 *  inner slot    bits  0..1  kind: 0 none, 1 child, 2 direct extent (written)
 *                bits  2..55 target: node id of the child, or physical block of a direct extent (38 bits)
 * </pre>
 */
final class Entry {

    static final int KIND_NONE = 0;
    static final int KIND_CHILD = 1;
    static final int KIND_DIRECT = 2;

    static final int WORD_BITS = 56;
    static final long WORD_MASK = (1L << WORD_BITS) - 1;
    static final long MAX_PHYSICAL_BLOCKS = 1L << 38;
    static final long MAX_BIRTH = (1L << 40) - 1;
    static final long MAX_NODE_ID = (1L << 54) - 1;

    private static final int LENGTH_SHIFT = 8;
    private static final int STATE_SHIFT = 16;
    private static final int PHYSICAL_SHIFT = 18;
    private static final int TARGET_SHIFT = 2;

    private Entry() {}

    static long extent(int start, int length, int state, long physical) {
        return start
                | ((long) (length - 1) << LENGTH_SHIFT)
                | ((long) state << STATE_SHIFT)
                | (physical << PHYSICAL_SHIFT);
    }

    static int start(long word) {
        return (int) word & 0xff;
    }

    static int length(long word) {
        return ((int) (word >>> LENGTH_SHIFT) & 0xff) + 1;
    }

    static int end(long word) {
        return start(word) + length(word);
    }

    static int state(long word) {
        return (int) (word >>> STATE_SHIFT) & 3;
    }

    static long physical(long word) {
        return word >>> PHYSICAL_SHIFT;
    }

    static long child(long nodeId) {
        return (nodeId << TARGET_SHIFT) | KIND_CHILD;
    }

    static long direct(long physical) {
        return (physical << TARGET_SHIFT) | KIND_DIRECT;
    }

    static int kind(long word) {
        return (int) word & 3;
    }

    static long target(long word) {
        return word >>> TARGET_SHIFT;
    }
}
