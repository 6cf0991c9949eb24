package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.dump.DumpHeader;
import io.blkspc.host.dump.DumpRecord;
import io.blkspc.host.dump.DumpVersion;
import io.blkspc.host.dump.DumpWriter;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.journal.RecordWriter;
import java.io.OutputStream;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Writes what a {@link Salvage} found as a dump: every version with what it maps, then each block of data once, however many
 * versions share it. Damage ends it: half a pool must not pass for a whole one, and a damaged one has {@code repair}.
 *
 * <p>In memory are one bit for each block of the pool and the extents of one record, not those of the versions: the trees are walked
 * twice, once for the bits and once for the records.
 */
final class PoolDump {

    private final Salvage salvage;
    private final ExtentBudget budget;
    private final UUID poolUuid;
    private final long createdMillis;
    private final Consumer<String> progress;
    private final FreeSpace wanted;
    private final Transfer transfer = new Transfer();
    private Runnable check = () -> {};
    private DumpWriter out;
    private RecordWriter payload;
    private int room; // for more entries in the record; 0: none was begun
    private long extents;
    private long copiedBlocks;
    private int lastPercent = -1;

    PoolDump(Salvage salvage, ExtentBudget budget, UUID poolUuid, long createdMillis, Consumer<String> progress) {
        this.salvage = salvage;
        this.budget = budget;
        this.poolUuid = poolUuid;
        this.createdMillis = createdMillis;
        this.progress = progress;
        this.wanted = new FreeSpace(salvage.geometry().dataBlocks());
    }

    /** Asked again and again while trees are walked; throws when the dump is to end. */
    PoolDump endedBy(Runnable mayGoOn) {
        check = mayGoOn;
        return this;
    }

    /** Writes everything; the stream belongs to the caller. */
    RepairReport write(OutputStream to, long dumpId) {
        if (!salvage.losses().isEmpty()) {
            throw new BlockSpaceException(
                    Code.NEEDS_CHECK,
                    "pool is damaged and cannot be dumped: " + salvage.losses().getFirst());
        }
        salvage.versions().stream().filter(each -> each.version.isVisible()).forEach(this::mark);
        out = new DumpWriter(to, dumpId);
        header();
        int volumes = 0;
        int snapshots = 0;
        for (SalvagedVersion each : salvage.versions()) {
            version(each);
            snapshots += each.version.isSnapshot() ? 1 : 0;
            volumes += each.version.isVisible() && each.version.isHead() ? 1 : 0;
        }
        data();
        out.payload().putLong(out.recordCount() + 1).putLong(extents).putLong(copiedBlocks);
        out.write(DumpRecord.Type.END);
        return new RepairReport(List.of(), volumes, snapshots, Geometry.toBytes(copiedBlocks));
    }

    /** Notes the blocks that a version maps; what it shares with a version above that has a name was noted there. */
    private void mark(SalvagedVersion from) {
        long noted = 0;
        for (SalvagedVersion above = from.parent; above != null && noted == 0; above = above.parent) {
            noted = above.version.isVisible() ? above.version.freezeEpoch : 0;
        }
        long upTo = noted;
        walk(from, birth -> birth > upTo, (start, count, physical, birth, state) -> {
            if (state == ExtentRun.WRITTEN) {
                wanted.markHeld(physical, count);
            }
        });
    }

    private void walk(SalvagedVersion from, ExtentWindow.BirthFilter filter, ExtentRuns.Visitor visitor) {
        Version version = from.version;
        salvage.tree()
                .forEachReadable(
                        version.root,
                        0,
                        version.sizeBlocks(),
                        new ExtentVisitor() {
                            @Override
                            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                                check.run();
                                return filter.take(birth);
                            }

                            @Override
                            public void extent(long start, long count, long physical, long birth, int state) {
                                if (!salvage.isPossible(physical, count, birth)) {
                                    throw damaged(version, start, Salvage.IMPOSSIBLE);
                                }
                                visitor.piece(start, count, physical, birth, state);
                            }
                        },
                        (start, count, birth, problem) -> {
                            throw damaged(version, start, problem.getMessage());
                        });
    }

    private static BlockSpaceException damaged(Version version, long block, String reason) {
        return new BlockSpaceException(
                Code.NEEDS_CHECK,
                "pool is damaged and cannot be dumped: name=" + version.name + ", offset=" + Geometry.toBytes(block)
                        + ", " + reason);
    }

    private long wantedBlocks() {
        return wanted.blockCount() - wanted.freeBlocks();
    }

    private void header() {
        PoolGeometry geometry = salvage.geometry();
        new DumpHeader(
                        salvage.incompatFeatures(),
                        poolUuid,
                        createdMillis,
                        geometry.dataBytes(),
                        geometry.maxNodes(),
                        geometry.journalBytes(),
                        geometry.segmentBytes(),
                        salvage.catalogue().epoch,
                        salvage.catalogue().nextVersionId(),
                        salvage.versions().size(),
                        wantedBlocks())
                .write(out.payload());
        out.write(DumpRecord.Type.HEADER);
    }

    private void version(SalvagedVersion from) {
        Version version = from.version;
        new DumpVersion(
                        version.id,
                        version.uuid,
                        from.parent == null ? 0 : from.parent.version.id,
                        version.freezeEpoch,
                        version.sizeBytes,
                        version.createdMillis,
                        version.originId,
                        version.guaranteeBlocks,
                        version.limitBlocks,
                        version.isVisible() ? version.name : "",
                        List.copyOf(version.holds))
                .write(out.payload());
        out.write(DumpRecord.Type.VERSION);
        room = 0;
        if (version.isVisible()) {
            walk(from, _ -> true, this::extent);
        } else {
            new SharedExtents(salvage.tree(), from, budget).forEach(this::extent);
        }
        if (room > 0) {
            out.write(DumpRecord.Type.EXTENTS);
        }
    }

    private void extent(long start, long count, long physical, long birth, int state) {
        if (room == 0) {
            payload = out.payload();
            room = DumpRecord.ENTRIES;
        }
        payload.putInt((int) start)
                .putInt((int) count)
                .putLong(birth)
                .putLong(physical | (long) state << DumpSource.STATE_SHIFT);
        extents++;
        room--;
        if (room == 0) {
            out.write(DumpRecord.Type.EXTENTS);
        }
    }

    private void data() {
        for (long block = 0; block < wanted.blockCount(); ) {
            if ((block & 63) == 0 && wanted.word((int) (block >>> 6)) == 0) {
                block += 64;
                continue;
            }
            long end = block;
            while (end < wanted.blockCount() && end - block < DumpRecord.DATA_BLOCKS && wanted.isUsed(end)) {
                end++;
            }
            if (end > block) {
                copy(block, (int) (end - block));
                tell();
            }
            block = Math.max(end, block + 1);
        }
    }

    private void copy(long block, int count) {
        out.payload().putLong(block).putInt(count).putInt(0);
        int bytes = count * Geometry.BLOCK_BYTES;
        salvage.data()
                .read(
                        transfer.reset(Geometry.toBytes(block))
                                .add(out.buffer(), out.payloadOffset() + DumpRecord.DATA_HEADER_BYTES, bytes),
                        IoRole.DATA);
        out.write(DumpRecord.Type.DATA, DumpRecord.DATA_HEADER_BYTES + bytes);
        copiedBlocks += count;
    }

    private void tell() {
        int percent = (int) (100 * copiedBlocks / wantedBlocks());
        if (percent != lastPercent) {
            lastPercent = percent;
            progress.accept("dumped " + percent + "% of " + (Geometry.toBytes(wantedBlocks()) >> 20) + "M");
        }
    }
}
