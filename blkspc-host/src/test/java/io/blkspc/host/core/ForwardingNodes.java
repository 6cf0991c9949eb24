package io.blkspc.host.core;

import io.blkspc.host.extent.NodeStore;
import java.lang.foreign.MemorySegment;

/** Hands every call to another store; whoever extends it sees those it overrides. */
public class ForwardingNodes implements NodeStore {

    private final NodeStore nodes;

    /** Before this one. */
    public ForwardingNodes(NodeStore nodes) {
        this.nodes = nodes;
    }

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        return nodes.read(nodeId, target);
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        nodes.put(nodeId, image);
    }

    @Override
    public void remove(long nodeId) {
        nodes.remove(nodeId);
    }

    @Override
    public long size() {
        return nodes.size();
    }

    @Override
    public void close() {
        nodes.close();
    }
}
