package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.dump.DumpHeader;
import io.blkspc.host.dump.DumpReader;
import io.blkspc.host.dump.DumpRecord;
import io.blkspc.host.dump.DumpVersion;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.Superblock;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a dump holds, read from a stream in one pass: made, it has read the header; {@link #readVersions} delivers what the versions
 * map and {@link #copyData} the blocks. Nothing a dump says is taken unseen: what does not fit the rest of it is refused. One thread.
 */
public final class DumpSource {

    static final int STATE_SHIFT = 38;
    private static final long PHYSICAL_MASK = (1L << STATE_SHIFT) - 1;

    /** Node slots of the largest metadata that is believed: 3 TiB. */
    private static final long MAX_NODES = 1L << 28;

    private final DumpReader in;
    private final DumpHeader header;
    private final PoolGeometry geometry;
    private Catalogue catalogue;
    private FreeSpace wanted;
    private DumpRecord.Type type;
    private long extentCount;

    /** Receives the versions of a dump. */
    interface VersionVisitor {
        /** A version, whose parent came before it; not in the catalogue yet. */
        void begin(Version version, Version parent);

        /** What it maps, in block order. */
        void extent(long start, long count, long physical, long birth, int state);

        /** That was all of it. */
        void end();
    }

    /**
     * Reads what the stream says of the pool.
     *
     * @throws BlockSpaceException {@code NEEDS_CHECK} when this is no dump, or it is damaged; {@code TOO_NEW}
     */
    public DumpSource(InputStream from) {
        in = new DumpReader(from);
        header = header();
        geometry = geometryOf(header);
    }

    /** What the new pool has to have. */
    public PoolGeometry geometry() {
        return geometry;
    }

    /** Features that who opens the new pool has to know. */
    long incompatFeatures() {
        return header.incompatFeatures() & ~Superblock.INCOMPAT_GROWN_SEGMENTS; // its area is new
    }

    /** Extents of all versions read so far. */
    public long extentCount() {
        return extentCount;
    }

    long epoch() {
        return header.epoch();
    }

    long nextVersionId() {
        return header.nextVersionId();
    }

    /** What to throw when the record that was read last does not fit; {@code facts} as {@code name=value}. */
    CorruptSpaceException damaged(String facts) {
        return in.damaged(facts);
    }

    /**
     * Delivers all versions, parents before their children.
     *
     * @param into has those that were delivered
     * @throws BlockSpaceException {@code NEEDS_CHECK} when the dump is damaged
     */
    void readVersions(Catalogue into, VersionVisitor visitor) {
        catalogue = into;
        catalogue.epoch = header.epoch();
        wanted = new FreeSpace(geometry.dataBlocks());
        type = in.next();
        for (long i = 0; i < header.versionCount(); i++) {
            version(visitor);
        }
        for (Version version : catalogue.versions()) {
            if (!version.isVisible() && version.children.size() < 2) {
                throw in.damaged("reason=a version without a name has fewer than two children, version=" + version.id);
            }
        }
        long mapped = wanted.blockCount() - wanted.freeBlocks();
        if (mapped != header.blockCount()) {
            throw in.damaged("blocks=" + header.blockCount() + ", mapped=" + mapped);
        }
    }

    private DumpHeader header() {
        in.expect(DumpRecord.Type.HEADER);
        int format = DumpHeader.format(in.payload());
        if (format != DumpHeader.FORMAT) {
            throw new BlockSpaceException(
                    Code.TOO_NEW,
                    "dump has a format this version does not read: format=" + format + ", known=" + DumpHeader.FORMAT);
        }
        DumpHeader found = DumpHeader.read(in.payload());
        long unknown = found.incompatFeatures() & ~Superblock.KNOWN_INCOMPAT;
        if (unknown != 0) {
            throw new BlockSpaceException(
                    Code.TOO_NEW,
                    "dump uses features this version does not know: incompat=0x" + Long.toHexString(unknown));
        }
        if (found.epoch() < 1 || found.nextVersionId() < 1 || found.versionCount() < 0 || found.blockCount() < 0) {
            throw in.damaged("header=" + found);
        }
        return found;
    }

    private PoolGeometry geometryOf(DumpHeader from) {
        try {
            PoolGeometry found =
                    new PoolGeometry(from.dataBytes(), from.maxNodes(), from.journalBytes(), from.segmentBytes());
            // Metadata may have any size that was asked for; what the file system does not have, it refuses.
            if (found.journalBytes() >= 4096
                    && found.journalBytes() <= 1L << 30
                    && Geometry.isBlockAligned(found.journalBytes())
                    && found.segmentBytes() >= 4096
                    && found.segmentBytes() <= 1 << 26
                    && Integer.bitCount(found.segmentBytes()) == 1
                    && found.maxNodes() <= MAX_NODES) {
                return found;
            }
        } catch (IllegalArgumentException impossible) {
            throw in.damaged("reason=" + impossible.getMessage());
        }
        throw in.damaged(
                "journal=" + from.journalBytes() + ", segment=" + from.segmentBytes() + ", nodes=" + from.maxNodes());
    }

    // ---- versions ----

    private void version(VersionVisitor visitor) {
        if (type != DumpRecord.Type.VERSION) {
            throw in.damaged("type=" + type + ", expected=" + DumpRecord.Type.VERSION);
        }
        DumpVersion found = DumpVersion.read(in.payload());
        Version version = new Version(found.id(), found.uuid());
        version.name = found.name().isEmpty() ? null : found.name();
        version.freezeEpoch = found.freezeEpoch();
        version.sizeBytes = found.sizeBytes();
        version.createdMillis = found.createdMillis();
        version.originId = found.originId();
        version.guaranteeBlocks = found.guaranteeBlocks();
        version.limitBlocks = found.limitBlocks();
        version.holds.addAll(found.tags());
        Version parent = catalogue.byId(found.parentId());
        requireSane(found, version, parent);
        visitor.begin(version, parent);
        long end = 0;
        while ((type = in.next()) == DumpRecord.Type.EXTENTS) {
            end = extents(version, end, visitor);
        }
        visitor.end();
    }

    private void requireSane(DumpVersion found, Version version, Version parent) {
        boolean isHead = version.isHead();
        requireThat(
                found.id() > 0 && found.id() < header.nextVersionId() && catalogue.byId(found.id()) == null,
                found,
                "id");
        requireThat(found.parentId() == 0 || parent != null, found, "parent comes later or is missing");
        requireThat(found.freezeEpoch() >= 0 && found.freezeEpoch() < header.epoch(), found, "freezeEpoch");
        requireThat(
                parent == null || (!parent.isHead() && (isHead || parent.freezeEpoch < version.freezeEpoch)),
                found,
                "it is not later than its parent");
        requireThat(
                found.sizeBytes() > 0
                        && found.sizeBytes() <= Geometry.MAX_VOLUME_BYTES
                        && Geometry.isBlockAligned(found.sizeBytes()),
                found,
                "size");
        requireThat(
                found.guaranteeBlocks() >= 0
                        && found.guaranteeBlocks() <= version.sizeBlocks()
                        && found.limitBlocks() >= 0
                        && found.originId() >= 0
                        && found.originId() < header.nextVersionId(),
                found,
                "guarantee, limit or origin");
        requireThat(hasSaneNames(version), found, "name or tags");
    }

    private boolean hasSaneNames(Version version) {
        try {
            if (version.isVisible() && version.isHead()) {
                Names.checkVolume(version.name);
            } else if (version.isVisible()) {
                Names.checkSnapshot(version.name);
            }
            version.holds.forEach(Names::checkVolume);
        } catch (IllegalArgumentException impossible) {
            return false;
        }
        return (version.isVisible() ? catalogue.byName(version.name) == null : !version.isHead())
                && (version.holds.isEmpty() || version.isSnapshot());
    }

    private void requireThat(boolean holds, DumpVersion found, String what) {
        if (!holds) {
            throw in.damaged("reason=" + what + ", version=" + found);
        }
    }

    /** One record of extents; returns where the last one ends. */
    private long extents(Version version, long from, VersionVisitor visitor) {
        long latest = version.isHead() ? header.epoch() : version.freezeEpoch;
        RecordReader payload = in.payload();
        int entries = payload.remaining() / DumpRecord.ENTRY_BYTES;
        if (entries == 0 || entries > DumpRecord.ENTRIES || payload.remaining() % DumpRecord.ENTRY_BYTES != 0) {
            throw in.damaged("entries=" + entries + ", bytes=" + payload.remaining());
        }
        long end = from;
        for (int i = 0; i < entries; i++) {
            long start = Integer.toUnsignedLong(payload.getInt());
            long length = Integer.toUnsignedLong(payload.getInt());
            long birth = payload.getLong();
            long target = payload.getLong();
            long physical = target & PHYSICAL_MASK;
            int state = (int) (target >>> STATE_SHIFT);
            if (start < end
                    || length == 0
                    || start + length > version.sizeBlocks()
                    || physical + length > geometry.dataBlocks()
                    || birth < 1
                    || birth > latest
                    || (state != ExtentRun.WRITTEN && state != ExtentRun.UNWRITTEN)) {
                throw in.damaged("entry=" + i + ", start=" + start + ", count=" + length + ", physical=" + physical
                        + ", birth=" + birth + ", state=" + state + ", version=" + version.id);
            }
            end = start + length;
            if (state == ExtentRun.WRITTEN) {
                wanted.markHeld(physical, length);
            }
            visitor.extent(start, length, physical, birth, state);
        }
        extentCount += entries;
        return end;
    }

    // ---- data ----

    /**
     * Puts the data where the versions map it, up to the end of the dump; after {@link #readVersions}.
     *
     * @return blocks written
     * @throws BlockSpaceException {@code NEEDS_CHECK} when the dump is damaged, or not each mapped block is in it
     */
    long copyData(BlockDevice to, Consumer<String> progress) {
        Transfer transfer = new Transfer();
        long total = header.blockCount();
        long done = 0;
        long end = 0;
        int lastPercent = -1;
        for (; type == DumpRecord.Type.DATA; type = in.next()) {
            RecordReader payload = in.payload();
            long block = payload.getLong();
            int count = payload.getInt();
            int reserved = payload.getInt();
            if (reserved != 0
                    || block < end
                    || count < 1
                    || payload.remaining() != count * (long) Geometry.BLOCK_BYTES
                    || !areWanted(block, count)) {
                throw in.damaged("block=" + block + ", count=" + count + ", bytes=" + payload.remaining());
            }
            to.write(
                    transfer.reset(Geometry.toBytes(block))
                            .add(
                                    in.buffer(),
                                    in.payloadOffset() + DumpRecord.DATA_HEADER_BYTES,
                                    Geometry.toBytes(count)),
                    IoRole.DATA);
            end = block + count;
            done += count;
            int percent = (int) (100 * done / total);
            if (percent != lastPercent) {
                lastPercent = percent;
                progress.accept("restored " + percent + "% of " + (Geometry.toBytes(total) >> 20) + "M");
            }
        }
        if (type != DumpRecord.Type.END) {
            throw in.damaged("reason=neither data nor the end");
        }
        end(done);
        return done;
    }

    private boolean areWanted(long block, int count) {
        if (block < 0 || block + count > wanted.blockCount()) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (!wanted.isUsed(block + i)) {
                return false;
            }
        }
        return true;
    }

    private void end(long blocks) {
        RecordReader payload = in.payload();
        if (payload.remaining() != 3 * Long.BYTES) {
            throw in.damaged("reason=no end, bytes=" + payload.remaining());
        }
        List<Long> told = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            told.add(payload.getLong());
        }
        List<Long> found = List.of(in.recordCount(), extentCount, blocks);
        if (!told.equals(found) || blocks != header.blockCount()) {
            throw in.damaged("counts=" + told + ", found=" + found);
        }
        in.expectEnd();
    }
}
