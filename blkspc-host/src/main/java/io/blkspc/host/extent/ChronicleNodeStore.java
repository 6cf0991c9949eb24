package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Consumer;
import net.openhft.chronicle.hash.locks.InterProcessDeadLockException;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;

/**
 * Node images in a persistent Chronicle Map: one preallocated file of one fixed size. The only class that knows Chronicle Map.
 *
 * <p>What the map is not trusted with, and who does it instead: it does not say whether it was closed cleanly (the superblock
 * does), it survives neither a killed writer nor a power cut reliably (then it is created again), it does not verify values when
 * read ({@link NodeFormat#decode} does), it does not keep other processes out (the pool lock does), and it forces nothing (the
 * hook given here does). Any failure inside it is reported as {@code CORRUPT}: the map must be rebuilt.
 *
 * <p>Tiering, Chronicle's way to grow, is off, because it can fail in the middle of a put. Every segment has room for the
 * number of entries it can get by chance at {@code maxNodes} in all; values have one size, so there is no fragmentation.
 */
public final class ChronicleNodeStore implements NodeStore {

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    static {
        // Before the first Chronicle class is loaded: no reports to its vendor, no banner, and a lock that a dead
        // process
        // left behind is an error after seconds, not after a minute per call.
        setUnlessSet("chronicle.analytics.disable", "true");
        setUnlessSet("chronicle.announcer.disable", "true");
        setUnlessSet("net.openhft.chronicle.map.lockTimeoutSeconds", "5");
    }

    private static final int MAX_SEGMENT_NODES = 65_536;
    private static final int DEVIATIONS = 10;

    private static final ThreadLocal<byte[]> IMAGE = ThreadLocal.withInitial(() -> new byte[NodeFormat.BYTES]);

    private final Path file;
    private final Consumer<Path> force;
    private final ChronicleMap<Long, byte[]> map;

    private ChronicleNodeStore(Path file, Consumer<Path> force, ChronicleMap<Long, byte[]> map) {
        this.file = file;
        this.force = force;
        this.map = map;
    }

    /**
     * Creates an empty store. All of its file is allocated before this returns.
     *
     * @param file must not exist
     * @param maxNodes the most images it will ever hold, 1 or more; cannot be changed later
     * @param force makes everything written to the file durable, by any descriptor; called by {@link #close}
     * @throws BlockSpaceException {@code EXISTS}; {@code OUT_OF_BACKING} when there is no room; {@code IO}. No file is left
     */
    public static ChronicleNodeStore create(Path file, long maxNodes, Consumer<Path> force) {
        return create(file, maxNodes, segmentsFor(maxNodes), force);
    }

    static ChronicleNodeStore create(Path file, long maxNodes, int segments, Consumer<Path> force) {
        if (Files.exists(file)) {
            throw new BlockSpaceException(Code.EXISTS, "node store exists: file=" + file);
        }
        try {
            Files.createFile(file, OWNER_ONLY); // Chronicle would make it for everybody to read
            return attach(file, maxNodes, segments, force);
        } catch (IOException e) {
            throw notCreated(file, maxNodes, e);
        }
    }

    /** Removes what is there and creates an empty store; see {@link #create}. */
    public static ChronicleNodeStore deleteAndCreate(Path file, long maxNodes, Consumer<Path> force) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot delete the node store: file=" + file, e);
        }
        return create(file, maxNodes, force);
    }

    /**
     * The store takes another name, maybe that of one that is open, and stays so.
     *
     * @return the same store, to be used from now on
     * @throws BlockSpaceException {@code IO}: it has its old name
     */
    public ChronicleNodeStore renamedTo(Path name) {
        try {
            Files.move(file, name, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot rename the node store: file=" + file + ", to=" + name, e);
        }
        return new ChronicleNodeStore(name, force, map);
    }

    /**
     * Opens a store that was closed cleanly; whoever calls knows that from elsewhere. Its size stays what it was created
     * with.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code CORRUPT} when the file is not a node store: create it again
     */
    public static ChronicleNodeStore open(Path file, long maxNodes, Consumer<Path> force) {
        if (!Files.exists(file)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "node store does not exist: file=" + file);
        }
        try {
            return attach(file, maxNodes, segmentsFor(maxNodes), force);
        } catch (IOException e) {
            throw corrupt(file, e);
        }
    }

    @Override
    public boolean read(long nodeId, MemorySegment target) {
        byte[] image;
        try {
            image = map.getUsing(nodeId, IMAGE.get());
        } catch (IllegalStateException | InterProcessDeadLockException e) {
            throw corrupt(file, e);
        }
        if (image == null) {
            return false;
        }
        if (image.length != NodeFormat.BYTES) {
            throw corrupt(file, new IOException("node=" + nodeId + ", sizeBytes=" + image.length));
        }
        MemorySegment.copy(image, 0, target, ValueLayout.JAVA_BYTE, 0, NodeFormat.BYTES);
        return true;
    }

    @Override
    public void put(long nodeId, MemorySegment image) {
        byte[] bytes = IMAGE.get();
        MemorySegment.copy(image, ValueLayout.JAVA_BYTE, 0, bytes, 0, NodeFormat.BYTES);
        try {
            map.put(nodeId, bytes);
        } catch (IllegalStateException | InterProcessDeadLockException e) {
            throw corrupt(file, e);
        }
    }

    @Override
    public void remove(long nodeId) {
        try {
            map.remove(nodeId);
        } catch (IllegalStateException | InterProcessDeadLockException e) {
            throw corrupt(file, e);
        }
    }

    @Override
    public long size() {
        return map.longSize();
    }

    @Override
    public void close() {
        if (map.isOpen()) {
            // Closing unmaps; the dirty pages then belong to the page cache, where a force by another descriptor finds
            // them.
            map.close();
            force.accept(file);
        }
    }

    private static ChronicleNodeStore attach(Path file, long maxNodes, int segments, Consumer<Path> force)
            throws IOException {
        try {
            ChronicleMap<Long, byte[]> map = ChronicleMapBuilder.of(Long.class, byte[].class)
                    .name("blkspc-extents")
                    .constantValueSizeBySample(new byte[NodeFormat.BYTES])
                    .actualSegments(segments)
                    .entriesPerSegment(entriesPerSegment(maxNodes, segments))
                    .entries(maxNodes)
                    .allowSegmentTiering(false)
                    .checksumEntries(
                            false) // it is checked by recovery only, which is never used; images have their own
                    .putReturnsNull(true)
                    .removeReturnsNull(true)
                    .skipCloseOnExitHook(true)
                    .sparseFile(false)
                    .createPersistedTo(file.toFile());
            return new ChronicleNodeStore(file, force, map);
        } catch (IllegalStateException | InterProcessDeadLockException e) {
            throw corrupt(file, e);
        }
    }

    /** Takes away the half-made file, and finds out whether the reason was room. */
    private static BlockSpaceException notCreated(Path file, long maxNodes, IOException cause) {
        boolean noRoom = false;
        try {
            Files.deleteIfExists(file);
            Path directory = file.toAbsolutePath().getParent();
            noRoom = Files.getFileStore(directory).getUsableSpace() / NodeFormat.BYTES < maxNodes;
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        String facts = "file=" + file + ", maxNodes=" + maxNodes + ", cause=" + cause.getMessage();
        return new BlockSpaceException(
                noRoom ? Code.OUT_OF_BACKING : Code.IO, "cannot create the node store: " + facts, cause);
    }

    /** One segment while that is small enough to search; then a power of two, so that one holds 32,768 to 65,536. */
    private static int segmentsFor(long maxNodes) {
        if (maxNodes < 1) {
            throw new IllegalArgumentException("maxNodes=" + maxNodes);
        }
        int segments = 1;
        while (maxNodes / segments > MAX_SEGMENT_NODES) {
            segments *= 2;
        }
        return segments;
    }

    /**
     * Room of one segment. A single one needs no more than {@code maxNodes}. Of several, each gets ids by hash, so a full store
     * has about mean ± sqrt(mean) in each; ten times that deviation is never reached, however often the ids change.
     */
    private static long entriesPerSegment(long maxNodes, int segments) {
        double mean = (double) maxNodes / segments;
        return segments == 1 ? maxNodes : (long) Math.ceil(mean + DEVIATIONS * Math.sqrt(mean));
    }

    private static CorruptSpaceException corrupt(Path file, Exception cause) {
        CorruptSpaceException corrupt = new CorruptSpaceException(
                Code.CORRUPT, "node store", 0, "file=" + file + ", cause=" + cause.getMessage());
        corrupt.initCause(cause);
        return corrupt;
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
