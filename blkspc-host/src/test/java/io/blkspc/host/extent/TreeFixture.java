package io.blkspc.host.extent;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A tree over a heap store that counts its reads, and a sink that lists what it was told. */
final class TreeFixture implements DropSink {

    static final long TAG = 0xB10C5BACEL;

    final HeapNodeStore images = new HeapNodeStore();
    final NodeCache cache;
    final ExtentTree tree;
    final ExtentRun run = new ExtentRun();
    final List<String> drops = new ArrayList<>();
    final List<Long> made = new ArrayList<>();
    long nextId = 1;
    long reads;

    TreeFixture(long cleanBudgetBytes) {
        cache = new NodeCache(new CountingStore(), TAG, cleanBudgetBytes);
        tree = new ExtentTree(cache, () -> nextId++);
    }

    /** Writes behind what changed since the last time, as a checkpoint does. */
    void checkpoint() {
        Captured captured = cache.capture();
        store(captured);
        cache.settle(captured);
    }

    void store(Captured captured) {
        MemorySegment image = MemorySegment.ofArray(new byte[NodeFormat.BYTES]);
        for (int index = 0; index < captured.nodeCount(); index++) {
            NodeFormat.encode(captured.node(index), TAG, image);
            images.put(captured.node(index).id(), image);
        }
        for (int index = 0; index < captured.removedCount(); index++) {
            images.remove(captured.removedId(index));
        }
    }

    Root write(Root root, long start, long count, long physical, long birth, long ownedAfter) {
        return tree.replace(root, start, count, physical, ExtentRun.WRITTEN, birth, ownedAfter, this);
    }

    Root punch(Root root, long start, long count, long birth, long ownedAfter) {
        return tree.replace(root, start, count, 0, ExtentRun.NONE, birth, ownedAfter, this);
    }

    /** The answer as text: {@code start+count=physical/birth state}. */
    String lookup(Root root, long block, long maxBlocks) {
        if (!tree.lookup(root, block, maxBlocks, run)) {
            return "retry";
        }
        return run.startBlock() + "+" + run.blockCount()
                + switch (run.state()) {
                    case ExtentRun.NONE -> " hole";
                    case ExtentRun.UNWRITTEN -> "=" + run.physicalBlock() + "/" + run.birth() + " unwritten";
                    default -> "=" + run.physicalBlock() + "/" + run.birth();
                };
    }

    /** The shape of a tree: node levels and extents, in block order. */
    List<String> shape(Root root) {
        List<String> lines = new ArrayList<>();
        tree.forEach(root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                lines.add("level " + level + " at " + firstBlock + " id " + nodeId + "/" + birth);
                return true;
            }

            @Override
            public void extent(long start, long count, long physical, long birth, int state) {
                lines.add(start + "+" + count + "=" + physical + "/" + birth);
            }
        });
        return lines;
    }

    List<String> takeDrops() {
        List<String> taken = List.copyOf(drops);
        drops.clear();
        return taken;
    }

    @Override
    public void dropExtent(long physicalBlock, long blockCount, long birth, int state) {
        drops.add("data " + physicalBlock + "+" + blockCount + "/" + birth);
    }

    @Override
    public void dropNode(long nodeId, long birth) {
        drops.add("node " + nodeId + "/" + birth);
    }

    @Override
    public void newNode(long nodeId) {
        made.add(nodeId);
    }

    private final class CountingStore implements NodeStore {
        @Override
        public boolean read(long nodeId, MemorySegment target) {
            reads++;
            return images.read(nodeId, target);
        }

        @Override
        public void put(long nodeId, MemorySegment image) {
            throw new AssertionError("the cache never writes the store");
        }

        @Override
        public void remove(long nodeId) {
            throw new AssertionError("the cache never writes the store");
        }

        @Override
        public long size() {
            return images.size();
        }

        @Override
        public void close() {}
    }
}
