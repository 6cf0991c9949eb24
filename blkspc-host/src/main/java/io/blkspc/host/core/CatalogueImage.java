package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.host.core.Reaping.SetAside;
import io.blkspc.host.extent.Node;
import io.blkspc.host.extent.Root;
import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordWriter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The catalogue as checkpoint objects. Little-endian; a string is a 2-byte length and UTF-8.
 *
 * <pre>
 *  POOL object, id 0
 *   epoch u64, nextVersionId u64, nextNodeId u64, nextChunkId u64,
 *   setAsideTarget u64 (0 = none), setAsideThreshold u64, setAsideCursor u64, setAsideFirstChunk u64, setAsideFirstGone u64
 *
 *  VERSION object, id = version id
 *   uuid 16, parentId u64 (0 = none), freezeEpoch u64 (0 = head), sizeBytes u64, createdMillis u64, originId u64,
 *   rootNode u64, rootBirth u64, mappedBlocks u64, exclusiveBlocks u64, ownedNodes u64,
 *   firstChunk u64 (0 = empty deadlist), firstGone u64 (0 = empty list of what is gone), reapCursor u64 (all ones = not
 *   reaping), detachedAfter u64 (while reaping: what was born later is its own), guaranteeBlocks u64, limitBlocks u64,
 *   name (empty = hidden), of a head only where it is not 0: tailBlocks u64, of a frozen version only where it has any: tags as
 *   strings
 * </pre>
 *
 * <p>What the reaper has to do is not stored: it follows from the versions and their deadlists ({@link Reaping#rebuild}).
 */
final class CatalogueImage {

    static final long POOL_OBJECT_ID = 0;

    private static final class Loading {
        final Version version;
        final long parentId;
        final long firstChunk;
        final long firstGone;

        Loading(Version version, long parentId, long firstChunk, long firstGone) {
            this.version = version;
            this.parentId = parentId;
            this.firstChunk = firstChunk;
            this.firstGone = firstGone;
        }
    }

    private final List<Loading> versions = new ArrayList<>();
    private final TreeMap<Long, DeadList.Loaded> chunks = new TreeMap<>();
    private final RecordReader reader = new RecordReader();
    private long[] pool;

    static int encodePool(Catalogue catalogue, MemorySegment to) {
        RecordWriter out = new RecordWriter().wrap(to, 0);
        out.putLong(catalogue.epoch);
        out.putLong(catalogue.nextVersionId());
        out.putLong(catalogue.nextNodeId());
        out.putLong(catalogue.nextChunkId());
        SetAside aside = catalogue.reaping.setAside;
        out.putLong(aside == null ? 0 : aside.target.id);
        out.putLong(aside == null ? 0 : aside.threshold);
        out.putLong(aside == null ? 0 : aside.cursor);
        out.putLong(aside == null ? 0 : aside.list.firstChunkId());
        out.putLong(aside == null ? 0 : aside.gone.firstChunkId());
        return out.length();
    }

    static int encodeVersion(Version version, MemorySegment to) {
        RecordWriter out = new RecordWriter().wrap(to, 0);
        out.putLong(version.uuid.getMostSignificantBits());
        out.putLong(version.uuid.getLeastSignificantBits());
        out.putLong(version.parent == null ? 0 : version.parent.id);
        out.putLong(version.freezeEpoch);
        out.putLong(version.sizeBytes);
        out.putLong(version.createdMillis);
        out.putLong(version.originId);
        out.putLong(version.root.nodeId());
        out.putLong(version.root.birth());
        out.putLong(version.mappedBlocks);
        out.putLong(version.exclusiveBlocks);
        out.putLong(version.ownedNodes);
        out.putLong(version.dead.firstChunkId());
        out.putLong(version.gone.firstChunkId());
        out.putLong(version.reapCursor);
        out.putLong(version.detachedAfter);
        out.putLong(version.guaranteeBlocks);
        out.putLong(version.limitBlocks);
        out.putUtf8(version.name == null ? "" : version.name);
        if (version.tailBlocks != 0) {
            out.putLong(version.tailBlocks);
        }
        version.holds.forEach(out::putUtf8);
        return out.length();
    }

    void loadPool(MemorySegment memory, long offset, int length) {
        RecordReader in = reader.wrap(memory, offset, length, "pool object", 0);
        pool = new long[9];
        for (int i = 0; i < pool.length; i++) {
            pool[i] = in.getLong();
        }
        in.expectEnd();
    }

    void loadVersion(long id, MemorySegment memory, long offset, int length) {
        RecordReader in = reader.wrap(memory, offset, length, "version object", id);
        Version version = new Version(id, new UUID(in.getLong(), in.getLong()));
        long parentId = in.getLong();
        version.freezeEpoch = in.getLong();
        version.sizeBytes = in.getLong();
        version.createdMillis = in.getLong();
        version.originId = in.getLong();
        version.root = new Root(in.getLong(), in.getLong());
        version.mappedBlocks = in.getLong();
        version.exclusiveBlocks = in.getLong();
        version.ownedNodes = in.getLong();
        long firstChunk = in.getLong();
        long firstGone = in.getLong();
        version.reapCursor = in.getLong();
        version.detachedAfter = in.getLong();
        version.guaranteeBlocks = in.getLong();
        version.limitBlocks = in.getLong();
        String name = in.getUtf8();
        version.tailBlocks = !version.isHead() || in.remaining() == 0 ? 0 : in.getLong();
        while (!version.isHead() && in.remaining() > 0) {
            version.holds.add(in.getUtf8());
        }
        in.expectEnd();
        version.name = name.isEmpty() ? null : name;
        version.dirty = false;
        if (version.sizeBytes <= 0
                || version.sizeBytes > Geometry.MAX_VOLUME_BYTES
                || !Geometry.isBlockAligned(version.sizeBytes)) {
            throw damaged("version object", id, "size=" + version.sizeBytes);
        }
        if (version.tailBlocks != 0
                && (!version.isHead()
                        || version.tailBlocks <= version.sizeBlocks()
                        || version.tailBlocks > Node.SPACE_BLOCKS)) {
            throw damaged("version object", id, "tail=" + version.tailBlocks);
        }
        versions.add(new Loading(version, parentId, firstChunk, firstGone));
    }

    void loadChunk(long id, MemorySegment image) {
        DeadList.Loaded loaded = DeadList.decode(id, image);
        if (loaded == null) {
            throw damaged("deadlist object", id, "length=" + image.byteSize());
        }
        chunks.put(id, loaded);
    }

    /** Links what was loaded into a catalogue. */
    Catalogue link() {
        if (pool == null) {
            throw damaged("pool object", POOL_OBJECT_ID, "reason=missing");
        }
        Catalogue catalogue = new Catalogue();
        catalogue.epoch = pool[0];
        for (Loading loading : versions) {
            catalogue.add(loading.version);
        }
        catalogue.restoreIds(pool[1], pool[2], pool[3]);
        for (Loading loading : versions) {
            Version version = loading.version;
            if (loading.parentId != 0) {
                version.parent = find(catalogue, loading.parentId, version.id);
                version.parent.children.add(version);
                if (version.parent.freezeEpoch == 0) {
                    throw damaged("version object", version.id, "reason=parent is a head");
                }
            }
            version.dead = list(loading.firstChunk, version.id);
            version.gone = list(loading.firstGone, version.id);
        }
        if (pool[4] != 0) {
            SetAside aside = new SetAside(
                    find(catalogue, pool[4], POOL_OBJECT_ID),
                    pool[5],
                    list(pool[7], POOL_OBJECT_ID),
                    list(pool[8], POOL_OBJECT_ID));
            aside.cursor = pool[6];
            catalogue.reaping.setAside = aside;
        }
        catalogue.reaping.rebuild();
        return catalogue;
    }

    /**
     * Links what there is. A version whose parent is missing is lost with all that grew from it: nobody knows what it shares.
     * Deadlists are left out.
     *
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when the pool object is missing
     */
    Catalogue linkReadable(Consumer<Loss> losses) {
        if (pool == null) {
            throw damaged("pool object", POOL_OBJECT_ID, "reason=missing");
        }
        Catalogue catalogue = new Catalogue();
        catalogue.epoch = pool[0];
        List<Loading> oldestFirst = new ArrayList<>(versions);
        oldestFirst.sort(Comparator.comparingLong(
                loading -> loading.version.isHead() ? Long.MAX_VALUE : loading.version.freezeEpoch));
        for (Loading loading : oldestFirst) {
            Version version = loading.version;
            Version parent = catalogue.byId(loading.parentId);
            boolean isOlder = parent != null
                    && !parent.isHead()
                    && (version.isHead() || parent.freezeEpoch < version.freezeEpoch);
            if (loading.parentId != 0 && !isOlder) {
                String reason = "the version it grew from is lost: id=" + loading.parentId;
                losses.accept(new Loss(version.name, 0, version.name == null ? 0 : version.sizeBytes, reason));
                continue;
            }
            catalogue.add(version);
            if (parent != null) {
                version.parent = parent;
                parent.children.add(version);
            }
        }
        catalogue.restoreIds(pool[1], pool[2], pool[3]);
        catalogue.reaping.rebuild();
        return catalogue;
    }

    private static Version find(Catalogue catalogue, long id, long from) {
        Version version = catalogue.byId(id);
        if (version == null) {
            throw damaged("version object", from, "unknown version=" + id);
        }
        return version;
    }

    private DeadList list(long firstChunk, long owner) {
        DeadList list = new DeadList();
        for (long id = firstChunk; id != 0; ) {
            DeadList.Loaded loaded = chunks.remove(id); // each chunk is in one list: a loop or a second use is damage
            if (loaded == null) {
                throw damaged("deadlist object", id, "reason=missing, owner=" + owner);
            }
            list.attach(loaded.chunk());
            id = loaded.nextChunk();
        }
        return list;
    }

    private static CorruptSpaceException damaged(String structure, long id, String facts) {
        return new CorruptSpaceException(Code.NEEDS_CHECK, structure, id, facts);
    }
}
