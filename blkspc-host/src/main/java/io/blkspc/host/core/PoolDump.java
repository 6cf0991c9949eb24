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
import io.blkspc.host.journal.RecordWriter;
import java.io.OutputStream;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Writes what a {@link Salvage} found as a dump: every version with what it maps, then each block of data once, however many
 * versions share it. Damage ends it: half a pool must not pass for a whole one, and a damaged one has {@code repair}.
 */
final class PoolDump {

    private final Salvage salvage;
    private final UUID poolUuid;
    private final long createdMillis;
    private final Consumer<String> progress;
    private final FreeSpace wanted;
    private final Transfer transfer = new Transfer();
    private DumpWriter out;
    private long extents;
    private long copiedBlocks;
    private int lastPercent = -1;

    PoolDump(Salvage salvage, UUID poolUuid, long createdMillis, Consumer<String> progress) {
        this.salvage = salvage;
        this.poolUuid = poolUuid;
        this.createdMillis = createdMillis;
        this.progress = progress;
        this.wanted = new FreeSpace(salvage.geometry().dataBlocks());
    }

    /** Writes everything; the stream belongs to the caller. */
    RepairReport write(OutputStream to, long dumpId) {
        refuseDamage();
        for (SalvagedVersion each : salvage.versions()) {
            each.extents.forEach((start, count, physical, birth, state) -> {
                if (state == ExtentRun.WRITTEN) {
                    wanted.markHeld(physical, count);
                }
            });
        }
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

    private void refuseDamage() {
        if (!salvage.losses().isEmpty()) {
            throw new BlockSpaceException(
                    Code.NEEDS_CHECK,
                    "pool is damaged and cannot be dumped: " + salvage.losses().getFirst());
        }
        for (SalvagedVersion each : salvage.versions()) {
            if (!each.gaps.isEmpty()) {
                throw new BlockSpaceException(
                        Code.NEEDS_CHECK,
                        "pool is damaged and cannot be dumped: name=" + each.version.name + ", offset="
                                + Geometry.toBytes(each.gaps.getFirst().start()) + ", "
                                + each.gaps.getFirst().reason());
            }
        }
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
                        from.extents.size(),
                        version.isVisible() ? version.name : "",
                        List.copyOf(version.holds))
                .write(out.payload());
        out.write(DumpRecord.Type.VERSION);
        extents += from.extents.size();
        int[] left = {from.extents.size()};
        int[] room = {0};
        RecordWriter[] payload = new RecordWriter[1];
        from.extents.forEach((start, count, physical, birth, state) -> {
            if (room[0] == 0) {
                payload[0] = out.payload();
                room[0] = DumpRecord.ENTRIES;
            }
            payload[0]
                    .putInt((int) start)
                    .putInt((int) count)
                    .putLong(birth)
                    .putLong(physical | (long) state << DumpSource.STATE_SHIFT);
            left[0]--;
            room[0]--;
            if (room[0] == 0 || left[0] == 0) {
                out.write(DumpRecord.Type.EXTENTS);
                room[0] = 0;
            }
        });
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
