package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentHashMap;

/** Node images on the heap: for simulation, and for tools that look at a pool without its map file. Any thread. */
public final class HeapNodeStore implements NodeStore {

    private final ConcurrentHashMap<Long, byte[]> images = new ConcurrentHashMap<>();
    private final long maxNodes;

    /** A store without a limit. */
    public HeapNodeStore() {
        this(Long.MAX_VALUE);
    }

    /** A store that refuses more than {@code maxNodes} images, as a preallocated one does. */
    public HeapNodeStore(long maxNodes) {
        this.maxNodes = maxNodes;
    }

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        byte[] image = images.get(nodeId);
        if (image == null) {
            return false;
        }
        MemorySegment.copy(image, 0, target, ValueLayout.JAVA_BYTE, 0, NodeFormat.BYTES);
        return true;
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        byte[] copy = new byte[NodeFormat.BYTES];
        MemorySegment.copy(image, ValueLayout.JAVA_BYTE, 0, copy, 0, NodeFormat.BYTES);
        images.put(nodeId, copy);
        if (images.size() > maxNodes) {
            images.remove(nodeId);
            throw new BlockSpaceException(Code.LIMIT, "node store is full: maxNodes=" + maxNodes);
        }
    }

    @Override
    public void remove(long nodeId) {
        images.remove(nodeId);
    }

    @Override
    public long size() {
        return images.size();
    }

    /** Keeps the images: closing a store does not lose what it holds. */
    @Override
    public void close() {}
}
