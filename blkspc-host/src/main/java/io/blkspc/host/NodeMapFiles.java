package io.blkspc.host;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.core.NodeStoreFactory;
import io.blkspc.host.device.DirectorySync;
import io.blkspc.host.device.FileForce;
import io.blkspc.host.extent.ChronicleNodeStore;
import io.blkspc.host.extent.HeapNodeStore;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.extent.NodeStore;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The map file of a pool, and the larger one that takes its place when the pool grows. */
final class NodeMapFiles implements NodeStoreFactory {

    private static final Logger log = LoggerFactory.getLogger(NodeMapFiles.class);

    private final Path map;
    private final boolean mayLieInMemory;
    private long capacity;
    private Path beside;
    private long largerCapacity;

    /**
     * Nothing is opened yet.
     *
     * @param capacity nodes that the pool has room for
     * @param mayLieInMemory where a file system has no room to make the file again, keep the nodes in memory until the next
     *     start: they are an index only, and a full file system must not keep a pool from opening (D6, D9)
     */
    NodeMapFiles(Path map, long capacity, boolean mayLieInMemory) {
        this.map = map;
        this.capacity = capacity;
        this.mayLieInMemory = mayLieInMemory;
    }

    @Override
    public NodeStore createLarger(long nodes) {
        // A name of its own: the library keeps open files by name.
        beside = map.resolveSibling(map.getFileName() + "." + nodes);
        largerCapacity = nodes;
        return ChronicleNodeStore.deleteAndCreate(beside, nodes, FileForce::force);
    }

    @Override
    public NodeStore displace(NodeStore larger) {
        NodeStore named = ((ChronicleNodeStore) larger).renamedTo(map);
        capacity = largerCapacity;
        // Or a power cut could bring the outgrown file back after a clean stop.
        DirectorySync.force(map.toAbsolutePath().getParent());
        return named;
    }

    @Override
    public void discard(NodeStore larger) {
        larger.close();
        PoolFiles.removeIfThere(beside);
    }

    @Override
    public NodeStore openExisting() {
        return ChronicleNodeStore.open(map, capacity, FileForce::force);
    }

    @Override
    public NodeStore createEmpty() {
        removeHalfMade();
        try {
            return ChronicleNodeStore.deleteAndCreate(map, capacity, FileForce::force);
        } catch (BlockSpaceException e) {
            boolean fits = capacity <= Runtime.getRuntime().maxMemory() / 2 / NodeFormat.BYTES;
            if (!mayLieInMemory || !fits || e.code() == Code.LIMIT) {
                throw e;
            }
            log.warn("node map is kept in memory until the next start: {}", e.getMessage());
            return new HeapNodeStore(capacity);
        }
    }

    /** What a process left that ended while it made a larger map. */
    private void removeHalfMade() {
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(map.toAbsolutePath().getParent(), map.getFileName() + ".*")) {
            found.forEach(PoolFiles::removeIfThere);
        } catch (IOException e) {
            log.warn("half made files stay: map={}, cause={}", map, e.toString());
        }
    }
}
