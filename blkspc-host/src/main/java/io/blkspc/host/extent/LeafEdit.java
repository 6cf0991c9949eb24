package io.blkspc.host.extent;

/**
 * A change of the extents of one leaf span: what it begins with stays where it is, and only the few extents around the range are
 * written down anew. A leaf can hold 256 extents, so it is read where it lies and copied once, when the new one is built.
 * Reused; not thread safe.
 */
final class LeafEdit {

    /** Most extents that can stand for a range and its two neighbours: the part before it, the range, the part behind, the next. */
    private static final int PATCH = 4;

    /** What the span begins with: a leaf, or without one a single extent or nothing. */
    private Node leaf;

    private long onlyWord;
    private long onlyBirth;
    private int oldCount;

    /** Old extents from {@code patchFrom} to {@code patchTo}, exclusive, are replaced by {@code patchCount} of {@code patch}. */
    private int patchFrom;

    private int patchTo;
    private int patchCount;
    private final long[] patch = new long[2 * PATCH];

    private final long[] dropped = new long[2 * Node.FANOUT];
    private int droppedCount;

    /** Begins with the extents of a leaf. */
    void load(Node node) {
        leaf = node;
        oldCount = node.count();
    }

    /** Begins with an empty slot (0) or a direct extent. */
    void load(long slotWord, long birth) {
        leaf = null;
        oldCount = slotWord == 0 ? 0 : 1;
        onlyWord = slotWord == 0 ? 0 : Entry.extent(0, Node.FANOUT, ExtentRun.WRITTEN, Entry.target(slotWord));
        onlyBirth = birth;
    }

    /**
     * Replaces the blocks from {@code from} to {@code to}, which is exclusive.
     *
     * <pre>
     *  old     [--A--][-----B-----]   [--C--][-D-]
     *  range       [---------------------)
     *  patch   [A)[-------- new ---------)[C][-D-]     dropped: (A]  B  [C)
     * </pre>
     */
    void replace(int from, int to, long physical, int state, long birth) {
        droppedCount = 0;
        patchCount = 0;
        int index = startingBefore(from);
        patchFrom = Math.max(0, index - 1); // the one before may become shorter, or be joined to the new one
        if (index > 0) {
            boolean reachesIn = Entry.end(word(index - 1)) > from;
            append(reachesIn ? cut(word(index - 1), 0, from) : word(index - 1), birth(index - 1));
            index -= reachesIn ? 1 : 0;
        }
        if (state != ExtentRun.NONE) {
            append(Entry.extent(from, to - from, state, physical), birth);
        }
        for (; index < oldCount && Entry.start(word(index)) < to; index++) {
            long word = word(index);
            dropped[2 * droppedCount] = cut(word, from, to);
            dropped[2 * droppedCount + 1] = birth(index);
            droppedCount++;
            if (Entry.end(word) > to) {
                append(cut(word, to, Node.FANOUT), birth(index));
            }
        }
        if (index < oldCount) {
            // Only the first of the rest can have got a new neighbour.
            append(word(index), birth(index));
            index++;
        }
        patchTo = index;
    }

    /** Number of old extents that start before a block. */
    private int startingBefore(int block) {
        return leaf == null ? Math.min(oldCount, block) : leaf.indexOf(block); // the only one starts at 0
    }

    private long word(int index) {
        return leaf == null ? onlyWord : leaf.word(index);
    }

    private long birth(int index) {
        return leaf == null ? onlyBirth : leaf.birth(index);
    }

    boolean isUnchanged() {
        if (patchCount != patchTo - patchFrom) {
            return false;
        }
        for (int index = 0; index < patchCount; index++) {
            if (patch[2 * index] != word(patchFrom + index) || patch[2 * index + 1] != birth(patchFrom + index)) {
                return false;
            }
        }
        return true;
    }

    /** Number of extents now. */
    int count() {
        return oldCount - (patchTo - patchFrom) + patchCount;
    }

    /**
     * {@code true} when one written extent covers the whole span, so that no leaf is needed. Unwritten blocks always keep
     * their leaf: writing them later then needs no node that might not be there.
     */
    boolean isDirect() {
        return count() == 1 // then it is the one of the patch, which has the neighbours too
                && Entry.length(patch[0]) == Node.FANOUT
                && Entry.state(patch[0]) == ExtentRun.WRITTEN;
    }

    long directWord() {
        return Entry.direct(Entry.physical(patch[0]));
    }

    long directBirth() {
        return patch[1];
    }

    int droppedCount() {
        return droppedCount;
    }

    long droppedWord(int index) {
        return dropped[2 * index];
    }

    long droppedBirth(int index) {
        return dropped[2 * index + 1];
    }

    /** The leaf that comes of it; there is at least one extent. */
    Node build(long nodeId, long firstBlock) {
        return leaf == null
                ? Node.leaf(nodeId, firstBlock, patch, patchCount)
                : leaf.spliced(nodeId, patchFrom, patchTo, patch, patchCount);
    }

    /** The part of an extent inside {@code from} to {@code to}; they overlap. */
    private static long cut(long word, int from, int to) {
        int start = Math.max(from, Entry.start(word));
        int end = Math.min(to, Entry.end(word));
        return Entry.extent(start, end - start, Entry.state(word), Entry.physical(word) + (start - Entry.start(word)));
    }

    /** Adds an extent behind the others; joins it to the last when it continues it with the same state and birth. */
    private void append(long word, long birth) {
        if (patchCount > 0) {
            long last = patch[2 * patchCount - 2];
            if (Entry.end(last) == Entry.start(word)
                    && Entry.physical(last) + Entry.length(last) == Entry.physical(word)
                    && Entry.state(last) == Entry.state(word)
                    && patch[2 * patchCount - 1] == birth) {
                int length = Entry.length(last) + Entry.length(word);
                patch[2 * patchCount - 2] =
                        Entry.extent(Entry.start(last), length, Entry.state(last), Entry.physical(last));
                return;
            }
        }
        patch[2 * patchCount] = word;
        patch[2 * patchCount + 1] = birth;
        patchCount++;
    }
}
