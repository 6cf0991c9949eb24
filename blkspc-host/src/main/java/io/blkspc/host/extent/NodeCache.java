package io.blkspc.host.extent;

import java.util.Arrays;

/**
 * The nodes in memory, in front of a {@link NodeStore} that is written behind. Holds every node that the store does not have
 * in its newest image, and as many others as a budget allows.
 *
 * <p>A node is <em>dirty</em> from {@link #put} until {@link #capture}, then captured until {@link #settle}; both are pinned.
 * After that it is clean and may be evicted. A put after a capture makes it dirty again, and settling the older capture does
 * not change that. A removed id is held in the same way, so that the store cannot bring it back.
 *
 * <p>Threads: {@link #get} from any thread, without a lock when the node is in memory. {@link #put}, {@link #remove} and
 * {@link #capture} under the order lock only. {@link #settle} from the thread that stored the capture, in the order of the
 * captures. The monitors inside are never held across a wait.
 */
public final class NodeCache {

    private static final int STRIPE_BITS = 4;
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;

    private final CacheStripe[] stripes = new CacheStripe[1 << STRIPE_BITS];

    /** Ids changed since the last capture, each once; under the order lock. */
    private long[] changedIds = new long[256];

    private int changedCount;
    private volatile int dirtyCount;
    private volatile long dirtyBytes;
    private long interval = 1;

    /**
     * An empty cache.
     *
     * @param store read on a miss; the cache never writes it
     * @param poolTag first 8 bytes of the pool's uuid, which every image must carry
     * @param cleanBudgetBytes memory for clean nodes, 0 or more; dirty ones come on top
     */
    public NodeCache(NodeStore store, long poolTag, long cleanBudgetBytes) {
        for (int index = 0; index < stripes.length; index++) {
            stripes[index] = new CacheStripe(store, poolTag, cleanBudgetBytes >> STRIPE_BITS);
        }
    }

    /**
     * The newest image of a node.
     *
     * @return {@code null} when there is none: it never was, or it was removed
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT} when the store holds something else under this id
     */
    public Node get(long nodeId) {
        long mixed = nodeId * HASH_FACTOR;
        return stripes[(int) (mixed >>> (Long.SIZE - STRIPE_BITS))].get(nodeId, (int) (mixed >>> 24));
    }

    /** Makes this the image every reader finds from now on. */
    public void put(Node node) {
        change(node.id(), node);
    }

    /** Makes readers find nothing under this id from now on. An unknown id is remembered as removed, too. */
    public void remove(long nodeId) {
        change(nodeId, null);
    }

    /** What changed since the last capture. The cost follows the number of changes. */
    public Captured capture() {
        Node[] nodes = new Node[changedCount];
        long[] removed = new long[changedCount];
        int nodeCount = 0;
        int removedCount = 0;
        for (int index = 0; index < changedCount; index++) {
            long nodeId = changedIds[index];
            Node node = stripe(nodeId).pinned(nodeId, hash(nodeId));
            if (node != null) {
                nodes[nodeCount++] = node;
            } else {
                removed[removedCount++] = nodeId;
            }
        }
        Captured captured =
                new Captured(interval, Arrays.copyOf(nodes, nodeCount), Arrays.copyOf(removed, removedCount));
        interval++;
        changedCount = 0;
        dirtyCount = 0;
        dirtyBytes = 0;
        return captured;
    }

    /** The store now has every image of {@code captured} and none of its removed ids: what did not change since is clean. */
    public void settle(Captured captured) {
        for (int index = 0; index < captured.nodeCount(); index++) {
            settle(captured.node(index).id(), captured.interval());
        }
        for (int index = 0; index < captured.removedCount(); index++) {
            settle(captured.removedId(index), captured.interval());
        }
    }

    /** Number of ids changed since the last capture: the size of the next one. */
    public int dirtyCount() {
        return dirtyCount;
    }

    /** Memory of the nodes the next capture will hold, in bytes. */
    public long dirtyBytes() {
        return dirtyBytes;
    }

    /** Memory of all nodes that cannot be evicted now, in bytes. */
    public long pinnedBytes() {
        long bytes = 0;
        for (CacheStripe stripe : stripes) {
            bytes += stripe.pinnedBytes();
        }
        return bytes;
    }

    /** Memory of all nodes that can be evicted now, in bytes; at most the budget. */
    public long cleanBytes() {
        long bytes = 0;
        for (CacheStripe stripe : stripes) {
            bytes += stripe.cleanBytes();
        }
        return bytes;
    }

    private void change(long nodeId, Node node) {
        int replacedBytes = stripe(nodeId).change(nodeId, hash(nodeId), node, interval);
        long bytes = dirtyBytes + (node == null ? 0 : node.heapBytes());
        dirtyBytes = bytes - Math.max(0, replacedBytes);
        if (replacedBytes >= 0) {
            return;
        }
        if (changedCount == changedIds.length) {
            changedIds = Arrays.copyOf(changedIds, 2 * changedCount);
        }
        changedIds[changedCount++] = nodeId;
        dirtyCount = changedCount;
    }

    private void settle(long nodeId, long settledInterval) {
        stripe(nodeId).settle(nodeId, hash(nodeId), settledInterval);
    }

    private CacheStripe stripe(long nodeId) {
        return stripes[(int) ((nodeId * HASH_FACTOR) >>> (Long.SIZE - STRIPE_BITS))];
    }

    static int hash(long nodeId) {
        return (int) ((nodeId * HASH_FACTOR) >>> 24);
    }
}
