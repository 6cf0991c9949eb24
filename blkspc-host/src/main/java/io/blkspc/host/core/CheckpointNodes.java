package io.blkspc.host.core;

import io.blkspc.host.checkpoint.ObjectKind;
import io.blkspc.host.checkpoint.SegmentStore;
import io.blkspc.host.extent.NodeStore;
import java.lang.foreign.MemorySegment;

/** The nodes of a loaded checkpoint where they lie, for a pool that is only read. Any thread. */
record CheckpointNodes(SegmentStore segments) implements NodeStore {

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        return segments.read(ObjectKind.NODE, nodeId, target);
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        throw new UnsupportedOperationException("a checkpoint is only read here: node=" + nodeId);
    }

    @Override
    public void remove(long nodeId) {
        throw new UnsupportedOperationException("a checkpoint is only read here: node=" + nodeId);
    }

    /** Objects of any kind. */
    @Override
    public long size() {
        return segments.objectCount();
    }

    @Override
    public void close() {
        segments.close();
    }
}
