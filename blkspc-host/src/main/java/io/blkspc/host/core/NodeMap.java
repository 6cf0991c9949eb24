package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The persistent map of nodes, opened when it is first needed: commands that only look at the catalogue never open it. It is
 * an index of what checkpoint and journal say. After a clean stop it is taken as it is if the number of its entries is the
 * one the superblock remembers; otherwise it is made again from the checkpoint.
 *
 * <p>Any thread may read; one thread at a time puts and removes.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what was opened is closed, whatever went wrong
final class NodeMap implements NodeStore {

    private static final Logger log = LoggerFactory.getLogger(NodeMap.class);

    private final NodeStoreFactory factory;
    private final Consumer<NodeStore> rebuild;
    private final OrderLock lock;
    private volatile NodeStore store;
    private final List<NodeStore> outgrown = new ArrayList<>(); // readers may still be in them
    private long entries;
    private boolean trusted;
    /** A larger map that was not filled has the name of this one: at the next start it would be taken for it. */
    private boolean isDisplaced;

    /**
     * A map that is not open yet.
     *
     * @param trusted the last stop was clean and left {@code entries} entries
     * @param rebuild puts every node of the committed checkpoint into an empty store
     */
    NodeMap(Scheduler scheduler, NodeStoreFactory factory, boolean trusted, long entries, Consumer<NodeStore> rebuild) {
        this.lock = scheduler.newLock("node-map");
        this.factory = factory;
        this.trusted = trusted;
        this.entries = entries;
        this.rebuild = rebuild;
    }

    /** An open map that is empty, for a caller that puts every node of the checkpoint into it. */
    static NodeMap ofEmpty(Scheduler scheduler, NodeStoreFactory factory, Consumer<NodeStore> rebuild) {
        NodeMap map = new NodeMap(scheduler, factory, false, 0, rebuild);
        map.store = factory.createEmpty();
        return map;
    }

    /**
     * A larger map takes the place of this one; the old one is kept open for its readers until the pool is closed. For the
     * thread that puts, between two checkpoints.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when there is no room for it; then this one stays
     */
    void grow(long maxNodes) {
        growInto(larger(maxNodes));
    }

    /**
     * Makes the file of a larger map, which takes long, while this one goes on. The caller gives it to {@link #growInto} or closes
     * it. From any one thread.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when there is no room for it
     */
    NodeStore larger(long maxNodes) {
        open(); // not after its file has another name
        return factory.createLarger(maxNodes);
    }

    /** What {@link #larger} made is not needed after all. */
    void discard(NodeStore larger) {
        factory.discard(larger);
    }

    /** The second half of {@link #grow}; when it fails, the larger map is not needed any more. */
    void growInto(NodeStore larger) {
        NodeStore named = filled(larger);
        lock.lock();
        try {
            outgrown.add(store);
            store = named;
            isDisplaced = false;
        } finally {
            lock.unlock();
        }
    }

    private NodeStore filled(NodeStore larger) {
        boolean isFull = false;
        try {
            rebuild.accept(larger);
            isDisplaced = true;
            NodeStore named = factory.displace(larger);
            isFull = true;
            return named;
        } finally {
            if (!isFull) {
                factory.discard(larger);
            }
        }
    }

    /** Opens the map if it is not open. */
    NodeStore open() {
        NodeStore opened = store;
        return opened != null ? opened : openOnce();
    }

    private NodeStore openOnce() {
        lock.lock();
        try {
            if (store == null) {
                store = trusted ? openTrusted() : rebuilt();
            }
            return store;
        } finally {
            lock.unlock();
        }
    }

    private NodeStore openTrusted() {
        try {
            NodeStore existing = factory.openExisting();
            long found = closedUnless(existing, existing::size);
            if (found == entries) {
                return existing;
            }
            log.warn("node map is not the one of the last stop: entries={}, expected={}", found, entries);
            existing.close();
        } catch (BlockSpaceException e) {
            log.warn("node map cannot be used: {}", e.getMessage());
        }
        return rebuilt();
    }

    private NodeStore rebuilt() {
        NodeStore empty = factory.createEmpty();
        closedUnless(empty, () -> {
            rebuild.accept(empty);
            return empty;
        });
        log.info("node map was made again from the checkpoint: entries={}", empty.size());
        return empty;
    }

    /** Does something with an open store, which is closed when that throws. */
    static <T> T closedUnless(NodeStore store, Supplier<T> done) {
        try {
            return done.get();
        } catch (RuntimeException | Error failure) {
            try {
                store.close();
            } catch (BlockSpaceException again) {
                failure.addSuppressed(again);
            }
            throw failure;
        }
    }

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        return open().read(nodeId, target);
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        open().put(nodeId, image);
    }

    @Override
    public void remove(long nodeId) {
        open().remove(nodeId);
    }

    @Override
    public long size() {
        return open().size();
    }

    /**
     * Closes the map at a clean stop, without opening what was never needed.
     *
     * @param expected nodes the pool has
     * @return {@code true} when the closed map holds exactly these, and will be found at the next start
     */
    boolean closeExact(long expected) {
        if (store == null) {
            return trusted && entries == expected;
        }
        long held = store.size();
        if (held != expected) {
            log.warn("node map will be made again at the next start: entries={}, expected={}", held, expected);
        }
        close();
        return held == expected && !isDisplaced;
    }

    @Override
    public void close() {
        if (store != null) {
            entries = store.size();
            store.close();
            trusted = true;
            store = null;
        }
        outgrown.forEach(NodeStore::close);
        outgrown.clear();
    }
}
