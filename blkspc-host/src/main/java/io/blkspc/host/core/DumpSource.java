package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a dump holds, read from a stream in one pass: made, it has read everything but the data, which {@link #copyData} puts into
 * a pool. Nothing a dump says is taken unseen: what does not fit the rest of it is refused. One thread.
 */
public final class DumpSource {

    static final int STATE_SHIFT = 38;
    private static final long PHYSICAL_MASK = (1L << STATE_SHIFT) - 1;

    /** Node slots of the largest metadata that is believed: 3 TiB. */
    private static final long MAX_NODES = 1L << 28;

    private final DumpReader in;
    private final DumpHeader header;
    private final PoolGeometry geometry;
    private final Catalogue catalogue = new Catalogue();
    private final Map<Long, ExtentRuns> extents = new HashMap<>();
    private final Salvage versions;
    private final FreeSpace wanted;
    private long extentCount;

    /**
     * Reads what the stream says of the pool and its versions.
     *
     * @throws BlockSpaceException {@code NEEDS_CHECK} when this is no dump, or it is damaged; {@code TOO_NEW}
     */
    public DumpSource(InputStream from) {
        in = new DumpReader(from);
        header = header();
        geometry = geometryOf(header);
        wanted = new FreeSpace(geometry.dataBlocks());
        catalogue.epoch = header.epoch();
        for (long i = 0; i < header.versionCount(); i++) {
            version();
        }
        catalogue.restoreIds(header.nextVersionId(), 1, 1);
        versions = new Salvage(geometry, header.incompatFeatures(), catalogue, null, null, List.of());
        if (versions.versions().size() != header.versionCount()) {
            throw in.damaged("reason=a version without a name has fewer than two children");
        }
        versions.versions().forEach(each -> each.extents = extents.get(each.version.id));
        if (wanted.blockCount() - wanted.freeBlocks() != header.blockCount()) {
            throw in.damaged(
                    "blocks=" + header.blockCount() + ", mapped=" + (wanted.blockCount() - wanted.freeBlocks()));
        }
    }

    /** What the new pool has to have. */
    public PoolGeometry geometry() {
        return geometry;
    }

    Salvage versions() {
        return versions;
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

    private void version() {
        in.expect(DumpRecord.Type.VERSION);
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
        version.parent = catalogue.byId(found.parentId());
        requireSane(found, version);
        if (version.parent != null) {
            version.parent.children.add(version);
        }
        catalogue.add(version);
        extents.put(version.id, extentsOf(version, found.extentCount()));
    }

    private void requireSane(DumpVersion found, Version version) {
        boolean isHead = version.isHead();
        Version parent = version.parent;
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
        requireThat(found.extentCount() >= 0 && (version.isVisible() || found.extentCount() == 0), found, "extents");
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

    private ExtentRuns extentsOf(Version version, long count) {
        ExtentRuns found = new ExtentRuns();
        long latest = version.isHead() ? header.epoch() : version.freezeEpoch;
        long end = 0;
        for (long left = count; left > 0; ) {
            in.expect(DumpRecord.Type.EXTENTS);
            RecordReader payload = in.payload();
            int entries = payload.remaining() / DumpRecord.ENTRY_BYTES;
            if (entries == 0 || entries > left || payload.remaining() % DumpRecord.ENTRY_BYTES != 0) {
                throw in.damaged("entries=" + entries + ", left=" + left);
            }
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
                found.add(start, length, physical, birth, state);
                if (state == ExtentRun.WRITTEN) {
                    wanted.markHeld(physical, length);
                }
            }
            left -= entries;
        }
        extentCount += count;
        return found;
    }

    // ---- data ----

    /**
     * Puts the data where the versions map it, up to the end of the dump.
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
        DumpRecord.Type type;
        while ((type = in.next()) == DumpRecord.Type.DATA) {
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
