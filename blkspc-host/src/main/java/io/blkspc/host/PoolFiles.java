package io.blkspc.host;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.host.core.NodeStoreFactory;
import io.blkspc.host.core.PoolDevices;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.CacheMode;
import io.blkspc.host.device.DirectorySync;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.FileForce;
import io.blkspc.host.device.Preallocation;
import io.blkspc.host.device.Preallocation.Fill;
import io.blkspc.host.journal.SuperblockStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The files of a pool, by their names in its directory: making, finding, opening and removing them.
 *
 * @param dir the pool's directory, which may not be there
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what was taken is given back, whatever went wrong
record PoolFiles(Path dir) {

    private static final String SUPERBLOCK = "superblock";
    private static final String JOURNAL = "journal";
    private static final String SEGMENTS = "segments";
    private static final String DATA = "data";
    private static final String DATA_PATH = "data.path";
    private static final String MAP = "extents.map";
    /** The superblock first: without it nothing else is a pool. */
    private static final List<String> FILES = List.of(SUPERBLOCK, JOURNAL, SEGMENTS, MAP, DATA_PATH, DATA);

    /** Files of these names may be a pool, what is left of one, or somebody's own: none is overwritten unasked. */
    void refuseExisting() {
        for (String name : FILES) {
            if (Files.exists(dir.resolve(name))) {
                String what = name.equals(SUPERBLOCK) ? "pool exists" : "directory holds a file of that name";
                throw new BlockSpaceException(Code.EXISTS, what + ": pool=" + dir + ", file=" + name);
            }
        }
    }

    void require() {
        if (!Files.exists(dir.resolve(SUPERBLOCK))) {
            throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: pool=" + dir);
        }
    }

    /**
     * Takes the space of a new pool, and has it filled. What was made of {@code DIR} stays on an exception.
     *
     * @param wanted what the pool shall have, or {@code null} for what fits the size
     */
    void make(PoolSpec spec, PoolGeometry wanted, Consumer<PoolGeometry> fill) {
        Path data = spec.data() == null ? dir.resolve(DATA) : spec.data().toAbsolutePath();
        boolean existing = spec.data() != null && Files.exists(data);
        long dataBytes = existing ? existingDataBytes(data, spec) : spec.sizeBytes();
        PoolGeometry geometry = wanted == null ? PoolGeometry.of(dataBytes, spec.metadataBytes()) : wanted;
        boolean loose = spec.allowUnreserved();
        Map<Path, Long> sizes = new HashMap<>(Map.of(
                dir.resolve(JOURNAL), geometry.journalBytes(), dir.resolve(SEGMENTS), geometry.segmentAreaBytes()));
        if (!existing) {
            sizes.put(data, dataBytes);
        }
        Preallocation.requireRoom(sizes);
        // Small files first: a missing right shows before the data is allocated.
        Preallocation.create(dir.resolve(JOURNAL), geometry.journalBytes(), Fill.ZEROED, loose);
        Preallocation.create(dir.resolve(SEGMENTS), geometry.segmentAreaBytes(), Fill.ALLOCATED, loose);
        if (existing) {
            fill(spec, geometry, fill);
            return;
        }
        Preallocation.create(data, dataBytes, Fill.ALLOCATED, loose);
        try {
            fill(spec, geometry, fill);
        } catch (RuntimeException | Error e) {
            removeIfThere(data); // may lie outside the pool
            throw e;
        }
    }

    private void fill(PoolSpec spec, PoolGeometry geometry, Consumer<PoolGeometry> fill) {
        if (spec.data() != null) {
            write(dir.resolve(DATA_PATH), spec.data().toAbsolutePath().toString());
        }
        Preallocation.create(
                dir.resolve(SUPERBLOCK), SuperblockStore.DEVICE_BYTES, Fill.ZEROED, spec.allowUnreserved());
        fill.accept(geometry);
        DirectorySync.force(dir);
    }

    private static long existingDataBytes(Path data, PoolSpec spec) {
        Preallocation.Backing backing = Preallocation.verify(data, spec.allowUnreserved());
        if (!spec.force()) {
            throw new BlockSpaceException(Code.EXISTS, "data exists and would be overwritten: data=" + data);
        }
        long available = backing.sizeBytes() & -Geometry.BLOCK_BYTES;
        if (spec.sizeBytes() > available) {
            throw new BlockSpaceException(
                    Code.OUT_OF_BACKING, "data is too small: data=" + data + ", size=" + available);
        }
        return spec.sizeBytes() == 0 ? available : spec.sizeBytes();
    }

    /** Opens for one writer: the data is held against everybody else. */
    PoolDevices devices(CacheMode dataCache) {
        return devices(FileBlockDevice::open, path -> FileBlockDevice.openExclusive(path, dataCache));
    }

    PoolDevices readOnlyDevices(CacheMode dataCache) {
        return devices(FileBlockDevice::openReadOnly, path -> FileBlockDevice.openShared(path, dataCache));
    }

    private PoolDevices devices(Function<Path, BackingDevice> metadata, Function<Path, BackingDevice> data) {
        List<BackingDevice> opened = new ArrayList<>();
        try {
            for (String name : List.of(SUPERBLOCK, JOURNAL, SEGMENTS)) {
                opened.add(metadata.apply(dir.resolve(name)));
            }
            return new PoolDevices(opened.get(0), opened.get(1), opened.get(2), data.apply(dataPath()));
        } catch (RuntimeException | Error e) {
            opened.forEach(BackingDevice::close);
            throw e;
        }
    }

    private Path dataPath() {
        Path elsewhere = dir.resolve(DATA_PATH);
        try {
            return Files.exists(elsewhere) ? Path.of(Files.readString(elsewhere).strip()) : dir.resolve(DATA);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot read where the data is: file=" + elsewhere, e);
        }
    }

    /** Makes a directory and what is missing above it; returns the lowest directory above it that was there before. */
    Path makeDirectory() {
        Path above = dir.toAbsolutePath().normalize().getParent();
        while (above != null && !Files.exists(above)) {
            above = above.getParent();
        }
        for (Path there : new Path[] {dir, above}) {
            if (there != null && Files.exists(there) && !Files.isDirectory(there)) {
                throw new BlockSpaceException(Code.EXISTS, "is no directory: path=" + there);
            }
        }
        try {
            Files.createDirectories(dir);
            return above;
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot make the pool directory: pool=" + dir + ", cause=" + e, e);
        }
    }

    /** The pool's name, and those of the directories that were made for it, survive a power loss as the pool does (D5). */
    void forceNames(Path above) {
        Path named = dir.toAbsolutePath().normalize();
        do {
            named = named.getParent();
            if (named != null) {
                DirectorySync.force(named);
            }
        } while (named != null && !named.equals(above));
    }

    /** The map file: an index only, which is made again where it is missing. */
    NodeStoreFactory nodeStores(long maxNodes, boolean mayLieInMemory) {
        return new NodeMapFiles(dir.resolve(MAP), maxNodes, mayLieInMemory);
    }

    private static void write(Path file, String text) {
        try {
            Files.write(file, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot write: file=" + file, e);
        }
        FileForce.force(file);
    }

    void remove() {
        for (String name : FILES) {
            removeIfThere(dir.resolve(name));
        }
    }

    static void removeIfThere(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new BlockSpaceException(Code.IO, "cannot remove: file=" + file + ", cause=" + e, e);
        }
    }
}
