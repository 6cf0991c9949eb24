package io.blkspc.host.core;

import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeStore;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** A store of nodes that outlives its pool, as a file does, and counts what is read and put. */
final class CountingNodes implements NodeStore, NodeStoreFactory {

    final AtomicLong reads = new AtomicLong();
    final AtomicLong puts = new AtomicLong();
    private NodeStore store = new HeapNodeStore();

    @Override
    public NodeStore openExisting() {
        return this;
    }

    @Override
    public NodeStore createLarger(long maxNodes) {
        return createEmpty();
    }

    @Override
    public NodeStore createEmpty() {
        store = new HeapNodeStore();
        return this;
    }

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        reads.incrementAndGet();
        return store.read(nodeId, target);
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        puts.incrementAndGet();
        store.put(nodeId, image);
    }

    @Override
    public void remove(long nodeId) {
        store.remove(nodeId);
    }

    @Override
    public long size() {
        return store.size();
    }

    @Override
    public void close() {}
}
