package io.blkspc.api.model;

import io.blkspc.api.Geometry;
import io.blkspc.api.VolumeInfo;
import java.util.Collection;

/** Facts of one version of a pool, counted out. */
final class ModelInfo {

    private ModelInfo() {}

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
                Geometry.toBytes(exclusive),
                Geometry.toBytes(reserved + standing),
                origin == null ? null : origin.name,
                version.createdMillis,
                !version.isLive(),
                clones,
                version.attachments,
                version.quota);
    }
}
