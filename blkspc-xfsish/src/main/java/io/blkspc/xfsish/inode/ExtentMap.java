package io.blkspc.xfsish.inode;

import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.ExtentBlock;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.metadata.Metadata;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Where the blocks of one file are: extents in leaves, in ascending order. While they fit into the inode there is one leaf
 * without a block. Changes are made in memory; {@link #store} takes them to the transaction. Guarded by the lock of the file
 * system.
 *
 * <p>Invariants: the first leaf has key 0; no extent reaches the key of the next leaf, so the leaf of a file block is the one
 * with the greatest key not above it.
 */
final class ExtentMap {

    private static final long IN_INODE = -1;

    private static final class Leaf {
        long block = IN_INODE;
        final ArrayList<Extent> extents = new ArrayList<>();
        boolean isChanged;

        /** Index of the first extent that ends after a file block. */
        int indexOf(long fileBlock) {
            int low = 0;
            int high = extents.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (extents.get(middle).end() > fileBlock) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return low;
        }
    }

    /** By the first file block a leaf may hold. */
    private final TreeMap<Long, Leaf> leaves = new TreeMap<>();

    private final List<Long> emptied = new ArrayList<>();

    ExtentMap() {
        leaves.put(0L, new Leaf());
    }

    static ExtentMap load(long inode, InodeFields fields, Metadata metadata) {
        ExtentMap map = new ExtentMap();
        if (fields.format == ForkFormat.EXTENTS) {
            map.leaves.get(0L).extents.addAll(fields.extents);
        } else if (fields.format == ForkFormat.LEAVES) {
            map.leaves.clear();
            for (InodeFields.Leaf address : fields.leaves) {
                Leaf leaf = new Leaf();
                leaf.block = address.block();
                leaf.extents.addAll(ExtentBlock.read(
                        metadata.view(leaf.block),
                        leaf.block,
                        metadata.superblock().uuid(),
                        inode));
                map.leaves.put(address.fileBlock(), leaf);
            }
        }
        return map;
    }

    private Map.Entry<Long, Leaf> leafOf(long fileBlock) {
        return leaves.floorEntry(fileBlock);
    }

    /** The first extent that ends after a file block; null when there is none. */
    Extent atOrAfter(long fileBlock) {
        Map.Entry<Long, Leaf> entry = leafOf(fileBlock);
        while (entry != null) {
            int at = entry.getValue().indexOf(fileBlock);
            if (at < entry.getValue().extents.size()) {
                return entry.getValue().extents.get(at);
            }
            entry = leaves.higherEntry(entry.getKey());
        }
        return null;
    }

    /** The extent that holds a file block; null for a hole. */
    Extent find(long fileBlock) {
        Extent extent = atOrAfter(fileBlock);
        return extent != null && extent.fileBlock() <= fileBlock ? extent : null;
    }

    /** The last extent that begins before a file block; null when there is none. */
    Extent before(long fileBlock) {
        Map.Entry<Long, Leaf> entry = leafOf(fileBlock);
        while (entry != null) {
            List<Extent> extents = entry.getValue().extents;
            for (int i = extents.size() - 1; i >= 0; i--) {
                if (extents.get(i).fileBlock() < fileBlock) {
                    return extents.get(i);
                }
            }
            entry = leaves.lowerEntry(entry.getKey());
        }
        return null;
    }

    /** {@code true} when it takes no block of its own, and will not after this many more extents. */
    boolean fitsInInode(int more) {
        Leaf first = leaves.firstEntry().getValue();
        return leaves.size() == 1 && first.block == IN_INODE && first.extents.size() + more <= InodeRecord.MAX_EXTENTS;
    }

    /** Leaves with a block. */
    int leafCount() {
        return leaves.firstEntry().getValue().block == IN_INODE ? 0 : leaves.size();
    }

    /**
     * Most blocks that this many more extents can add, in whatever leaves: one for moving out of the inode, and as many as
     * leaves can be split. The fuller a leaf, the fewer it takes; the halves of a split take half a leaf each. Taking extents
     * away never makes it more.
     */
    int newLeaves(int more) {
        if (fitsInInode(more)) {
            return 0;
        }
        int[] sizes =
                leaves.values().stream().mapToInt(leaf -> leaf.extents.size()).toArray();
        Arrays.sort(sizes);
        int half = (ExtentBlock.MAX_EXTENTS + 1) / 2;
        int splits = 0;
        int left = more;
        for (int i = sizes.length - 1; i >= 0 && left > 0; i--) {
            int cost = Math.min(half, ExtentBlock.MAX_EXTENTS + 1 - sizes[i]);
            if (cost <= left && cost < half) {
                left -= cost;
                splits++;
            }
        }
        return 1 + splits + left / half;
    }

    /** Block of the leaf that holds a file block; -1 while it is the inode itself. */
    long leafBlockOf(long fileBlock) {
        return leafOf(fileBlock).getValue().block;
    }

    /** Adds an extent where there is a hole, in one part for each leaf; joins the one before when they are one run. */
    void insert(Extent added) {
        Long next = leaves.higherKey(added.fileBlock());
        if (next != null && next < added.end()) {
            insertInLeaf(part(added, added.fileBlock(), next));
            insert(part(added, next, added.end()));
        } else {
            insertInLeaf(added);
        }
    }

    private void insertInLeaf(Extent added) {
        Map.Entry<Long, Leaf> entry = leafOf(added.fileBlock());
        Leaf leaf = entry.getValue();
        leaf.isChanged = true;
        int at = leaf.indexOf(added.fileBlock());
        Extent before = at > 0 ? leaf.extents.get(at - 1) : null;
        if (before != null
                && before.end() == added.fileBlock()
                && before.block() + before.count() == added.block()
                && before.isUnwritten() == added.isUnwritten()) {
            leaf.extents.set(
                    at - 1,
                    new Extent(
                            before.fileBlock(), before.block(), before.count() + added.count(), before.isUnwritten()));
        } else {
            leaf.extents.add(at, added);
        }
        split(leaf);
    }

    private void split(Leaf leaf) {
        int most = leaves.size() == 1 && leaf.block == IN_INODE ? InodeRecord.MAX_EXTENTS : ExtentBlock.MAX_EXTENTS;
        if (leaf.extents.size() <= most || leaf.extents.size() <= ExtentBlock.MAX_EXTENTS) {
            return; // or it moves out of the inode when it is stored
        }
        List<Extent> upper = leaf.extents.subList(leaf.extents.size() / 2, leaf.extents.size());
        Leaf added = new Leaf();
        added.isChanged = true;
        added.extents.addAll(upper);
        upper.clear();
        leaves.put(added.extents.getFirst().fileBlock(), added);
    }

    /** Makes a range a hole; shows the runs of the space it had, in ascending order. */
    void remove(long from, long to, Consumer<Extent> removed) {
        for (Extent extent = atOrAfter(from); extent != null && extent.fileBlock() < to; extent = atOrAfter(from)) {
            long first = Math.max(from, extent.fileBlock());
            long end = Math.min(to, extent.end());
            removeOne(extent);
            if (extent.fileBlock() < first) {
                insert(part(extent, extent.fileBlock(), first));
            }
            if (end < extent.end()) {
                insert(part(extent, end, extent.end()));
            }
            removed.accept(part(extent, first, end));
            from = end;
        }
    }

    static Extent part(Extent extent, long from, long to) {
        return new Extent(from, extent.blockOf(from), (int) (to - from), extent.isUnwritten());
    }

    private void removeOne(Extent extent) {
        Map.Entry<Long, Leaf> entry = leafOf(extent.fileBlock());
        Leaf leaf = entry.getValue();
        leaf.extents.remove(leaf.indexOf(extent.fileBlock()));
        leaf.isChanged = true;
    }

    /** Writes changed leaves in the running transaction, and says in the fields where they are. */
    void store(long inode, InodeFields fields, Metadata metadata, Groups groups) {
        dropEmptyLeaves();
        for (long block : emptied) {
            groups.free(block, 1, true);
            fields.blocks--;
        }
        emptied.clear();
        if (fitsInInode(0)) {
            fields.format = ForkFormat.EXTENTS;
            fields.extents = List.copyOf(leaves.firstEntry().getValue().extents);
            return;
        }
        List<InodeFields.Leaf> addresses = new ArrayList<>();
        for (Map.Entry<Long, Leaf> entry : leaves.entrySet()) {
            storeLeaf(entry.getValue(), inode, fields, metadata, groups);
            addresses.add(new InodeFields.Leaf(entry.getKey(), entry.getValue().block));
        }
        if (addresses.size() > InodeRecord.MAX_LEAVES) {
            throw new IllegalStateException("more leaves than an inode can have: inode=" + inode);
        }
        fields.format = ForkFormat.LEAVES;
        fields.leaves = addresses;
    }

    private void dropEmptyLeaves() {
        leaves.values().removeIf(leaf -> {
            if (leaf.extents.isEmpty() && leaf.block != IN_INODE) {
                emptied.add(leaf.block);
            }
            return leaf.extents.isEmpty();
        });
        if (leaves.isEmpty()) {
            leaves.put(0L, new Leaf());
        } else {
            leaves.put(0L, leaves.pollFirstEntry().getValue());
        }
    }

    private static void storeLeaf(Leaf leaf, long inode, InodeFields fields, Metadata metadata, Groups groups) {
        boolean isNew = leaf.block == IN_INODE;
        if (isNew) {
            leaf.block = groups.allocate(InodeRecord.block(inode), 1).block();
            fields.blocks++;
        }
        if (isNew || leaf.isChanged) {
            ExtentBlock.write(
                    isNew ? metadata.create(leaf.block) : metadata.change(leaf.block),
                    leaf.block,
                    metadata.superblock().uuid(),
                    inode,
                    leaf.extents);
            leaf.isChanged = false;
        }
    }
}
