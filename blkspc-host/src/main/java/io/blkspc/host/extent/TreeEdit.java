package io.blkspc.host.extent;

import java.util.ArrayList;
import java.util.Arrays;

/**
 * One change of a tree at a time: first everything is read and built, then published, children before parents, then the
 * nodes nobody points to are taken away. The scratch is reused, so this belongs to whoever holds the order lock.
 */
final class TreeEdit {

    private final NodeCache cache;
    private final NodeIds ids;
    private final LeafEdit leafEdit = new LeafEdit();

    /** Word and birth per slot, for the inner nodes of levels 1 to 3 being changed. */
    private final long[][] slots = new long[Node.ROOT_LEVEL + 1][];

    private final ArrayList<Node> built = new ArrayList<>();
    private long[] orphans = new long[64];
    private int orphanCount;

    private long start;
    private long end;
    private long physical;
    private int state;
    private long birth;
    private long ownedAfter;
    private DropSink sink;

    /** Result of the last slot handled: what the slot shall hold. */
    private long slotWord;

    private long slotBirth;

    TreeEdit(NodeCache cache, NodeIds ids) {
        this.cache = cache;
        this.ids = ids;
        for (int level = 1; level <= Node.ROOT_LEVEL; level++) {
            slots[level] = new long[2 * Node.FANOUT];
        }
    }

    void map(long startBlock, long blockCount, long physicalBlock, int newState) {
        boolean punch = newState == ExtentRun.NONE;
        if (!punch && newState != ExtentRun.UNWRITTEN && newState != ExtentRun.WRITTEN) {
            throw new IllegalArgumentException("state=" + newState);
        }
        if (!punch && (physicalBlock < 0 || physicalBlock > Entry.MAX_PHYSICAL_BLOCKS - blockCount)) {
            throw new IllegalArgumentException("physicalBlock=" + physicalBlock + ", blockCount=" + blockCount);
        }
        start = startBlock;
        end = startBlock + blockCount;
        physical = physicalBlock;
        state = newState;
    }

    Root run(Root root, long epoch, long freezeEpoch, DropSink receiver) {
        if (epoch <= freezeEpoch || epoch > Entry.MAX_BIRTH) {
            throw new IllegalArgumentException("birth=" + epoch + ", ownedAfter=" + freezeEpoch);
        }
        birth = epoch;
        ownedAfter = freezeEpoch;
        sink = receiver;
        built.clear();
        orphanCount = 0;
        inner(root.nodeId(), root.birth(), Node.ROOT_LEVEL, 0);
        sink = null;
        long rootId = slotWord == 0 ? 0 : Entry.target(slotWord);
        publish();
        return rootId == root.nodeId() && slotBirth == root.birth() ? root : new Root(rootId, slotBirth);
    }

    private void publish() {
        for (int index = 0; index < built.size(); index++) {
            cache.put(built.get(index));
        }
        for (int index = 0; index < orphanCount; index++) {
            cache.remove(orphans[index]);
        }
        built.clear();
    }

    /** Handles one inner node, which may not exist yet (id 0), and leaves the slot that shall point to it. */
    private void inner(long nodeId, long nodeBirth, int level, long firstBlock) {
        Node old = nodeId == 0 ? null : ExtentTree.require(cache, nodeId, level, firstBlock);
        long[] changed = null;
        int shift = level * Node.FANOUT_SHIFT;
        int first = start <= firstBlock ? 0 : (int) ((start - firstBlock) >>> shift);
        int last = (int) ((Math.min(end - 1, firstBlock + Node.spanBlocks(level) - 1) - firstBlock) >>> shift);
        for (int slot = first; slot <= last; slot++) {
            long oldWord = 0;
            long oldBirth = 0;
            if (old != null && old.hasSlot(slot)) {
                oldWord = old.word(old.indexOf(slot));
                oldBirth = old.birth(old.indexOf(slot));
            } else if (state == ExtentRun.NONE) {
                continue;
            }
            slot(oldWord, oldBirth, level - 1, firstBlock + ((long) slot << shift));
            if (slotWord != oldWord || slotBirth != oldBirth) {
                changed = changed == null ? unpack(old, level) : changed;
                changed[2 * slot] = slotWord;
                changed[2 * slot + 1] = slotBirth;
            }
        }
        if (changed == null) {
            keep(nodeId, nodeBirth);
        } else {
            pack(changed, old, nodeBirth, level, firstBlock);
        }
    }

    /** Handles one slot of an inner node: a hole, a child of {@code level}, or a direct extent. */
    private void slot(long oldWord, long oldBirth, int level, long firstBlock) {
        boolean child = Entry.kind(oldWord) == Entry.KIND_CHILD;
        boolean whole = start <= firstBlock && end >= firstBlock + Node.spanBlocks(level);
        if (level > 0 && !(whole && state == ExtentRun.NONE)) {
            inner(child ? Entry.target(oldWord) : 0, oldBirth, level, firstBlock);
        } else if (whole && state != ExtentRun.UNWRITTEN) {
            slotWord = state == ExtentRun.NONE ? 0 : Entry.direct(physical + (firstBlock - start));
            slotBirth = state == ExtentRun.NONE ? 0 : birth;
            dropBelow(oldWord, oldBirth, level, firstBlock);
        } else {
            leaf(oldWord, oldBirth, firstBlock);
        }
    }

    /** Handles a leaf span that changes in part or becomes unwritten; it may be a hole or a direct extent so far. */
    private void leaf(long oldWord, long oldBirth, long firstBlock) {
        boolean child = Entry.kind(oldWord) == Entry.KIND_CHILD;
        Node old = child ? ExtentTree.require(cache, Entry.target(oldWord), 0, firstBlock) : null;
        int from = (int) (Math.max(start, firstBlock) - firstBlock);
        int to = (int) (Math.min(end, firstBlock + Node.FANOUT) - firstBlock);
        if (child) {
            leafEdit.load(old);
        } else {
            leafEdit.load(oldWord, oldBirth);
        }
        leafEdit.replace(from, to, physical + (firstBlock + from - start), state, birth);
        for (int index = 0; index < leafEdit.droppedCount(); index++) {
            dropData(leafEdit.droppedWord(index), leafEdit.droppedBirth(index), firstBlock);
        }
        if (leafEdit.isUnchanged()) {
            slotWord = oldWord;
            slotBirth = oldBirth;
            return;
        }
        if (leafEdit.count() == 0 || leafEdit.isDirect()) {
            slotWord = leafEdit.count() == 0 ? 0 : leafEdit.directWord();
            slotBirth = leafEdit.count() == 0 ? 0 : leafEdit.directBirth();
            if (child) {
                dropNode(old.id(), oldBirth);
            }
            return;
        }
        long nodeId = place(old, oldBirth);
        built.add(leafEdit.build(nodeId, firstBlock));
    }

    /** Decides where the new image of a node goes, and leaves the slot that points there. */
    private long place(Node old, long oldBirth) {
        if (old != null && oldBirth > ownedAfter) {
            keep(old.id(), oldBirth);
            return old.id();
        }
        long nodeId = ids.next();
        sink.newNode(nodeId);
        if (old != null) {
            dropNode(old.id(), oldBirth);
        }
        keep(nodeId, birth);
        return nodeId;
    }

    private void keep(long nodeId, long nodeBirth) {
        slotWord = nodeId == 0 ? 0 : Entry.child(nodeId);
        slotBirth = nodeId == 0 ? 0 : nodeBirth;
    }

    private long[] unpack(Node old, int level) {
        long[] entries = slots[level];
        Arrays.fill(entries, 0);
        if (old != null) {
            int index = 0;
            for (int slot = old.nextBit(0); slot < Node.FANOUT; slot = old.nextBit(slot + 1), index++) {
                entries[2 * slot] = old.word(index);
                entries[2 * slot + 1] = old.birth(index);
            }
        }
        return entries;
    }

    private void pack(long[] entries, Node old, long oldBirth, int level, long firstBlock) {
        long[] bits = new long[4];
        int count = 0;
        for (int slot = 0; slot < Node.FANOUT; slot++) {
            if (entries[2 * slot] != 0) {
                bits[slot >>> 6] |= 1L << slot;
                entries[2 * count] = entries[2 * slot];
                entries[2 * count + 1] = entries[2 * slot + 1];
                count++;
            }
        }
        if (count == 0) {
            dropNode(old.id(), oldBirth);
            keep(0, 0);
            return;
        }
        long nodeId = place(old, oldBirth);
        built.add(new Node(nodeId, level, firstBlock, bits, Arrays.copyOf(entries, 2 * count)));
    }

    /** Drops every pointer of a slot and below it, each by itself: they may be owned by different versions. */
    private void dropBelow(long word, long pointerBirth, int level, long firstBlock) {
        if (word == 0) {
            return;
        }
        if (Entry.kind(word) != Entry.KIND_CHILD) {
            dropData(Entry.extent(0, Node.FANOUT, ExtentRun.WRITTEN, Entry.target(word)), pointerBirth, firstBlock);
            return;
        }
        Node node = ExtentTree.require(cache, Entry.target(word), level, firstBlock);
        if (level == 0) {
            for (int index = 0; index < node.count(); index++) {
                dropData(node.word(index), node.birth(index), firstBlock);
            }
        } else {
            int index = 0;
            for (int slot = node.nextBit(0); slot < Node.FANOUT; slot = node.nextBit(slot + 1), index++) {
                long childFirst = firstBlock + ((long) slot << (level * Node.FANOUT_SHIFT));
                dropBelow(node.word(index), node.birth(index), level - 1, childFirst);
            }
        }
        dropNode(node.id(), pointerBirth);
    }

    private void dropNode(long nodeId, long nodeBirth) {
        sink.dropNode(nodeId, nodeBirth);
        if (nodeBirth > ownedAfter) {
            if (orphanCount == orphans.length) {
                orphans = Arrays.copyOf(orphans, 2 * orphanCount);
            }
            orphans[orphanCount++] = nodeId;
        }
    }

    /** Drops a replaced piece of data, unless its blocks are the very ones now mapped there. */
    private void dropData(long word, long pieceBirth, long firstBlock) {
        long block = firstBlock + Entry.start(word);
        if (state == ExtentRun.NONE || Entry.physical(word) != physical + (block - start)) {
            sink.dropExtent(Entry.physical(word), Entry.length(word), pieceBirth, Entry.state(word));
        } else if (pieceBirth <= ownedAfter) {
            throw new IllegalArgumentException("a shared block cannot get a new pointer: block=" + block + ", physical="
                    + Entry.physical(word) + ", birth=" + pieceBirth + ", ownedAfter=" + ownedAfter);
        } else {
            sink.keepPlace(Entry.length(word));
        }
    }
}
