package io.blkspc.api.model;

import io.blkspc.api.Geometry;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.VolumeInfo;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** Facts of a pool and of its versions, counted out. */
final class ModelInfo {

    private ModelInfo() {}

    static PoolStatus of(
            PoolStatus.State state, UUID uuid, Collection<ModelVersion> versions, ModelBlocks blocks, long standing) {
        int snapshots = (int) versions.stream().filter(v -> !v.isLive()).count();
        long promised = Geometry.toBytes(blocks.promised() + standing);
        return new PoolStatus(
                state,
                uuid,
                Geometry.toBytes(blocks.capacity),
                Geometry.toBytes(blocks.held()),
                Geometry.toBytes(blocks.capacity - blocks.held()),
                Geometry.toBytes(blocks.quarantined()),
                promised,
                promised,
                0,
                0,
                versions.size() - snapshots,
                snapshots,
                blocks.sequence,
                blocks.durable,
                0,
                0,
                0,
                true,
                0);
    }

    static VolumeInfo of(
            ModelVersion version,
            Collection<ModelVersion> versions,
            Collection<ModelCookie> cookies,
            ModelBlocks blocks,
            long standing) {
        long exclusive = version.map.values().stream()
                .filter(pointer -> blocks.versionsHolding(pointer.physical()) == 1)
                .count();
        long reserved = cookies.stream()
                .filter(cookie -> cookie.head == version)
                .mapToLong(ModelCookie::promised)
                .sum();
        int clones = (int) versions.stream().filter(v -> v.origin == version).count();
        ModelVersion origin = version.origin;
        return new VolumeInfo(
                version.name,
                version.uuid,
                version.isLive() ? VolumeInfo.Type.VOLUME : VolumeInfo.Type.SNAPSHOT,
                version.sizeBytes,
                Geometry.toBytes(version.map.size()),
                version.isLive() ? Geometry.toBytes(exclusive) : VolumeInfo.NOT_KNOWN,
                Geometry.toBytes(reserved + standing),
                origin == null ? null : origin.name,
                version.createdMillis,
                !version.isLive(),
                clones,
                version.attachments,
                version.quota,
                List.copyOf(version.holds));
    }
}
