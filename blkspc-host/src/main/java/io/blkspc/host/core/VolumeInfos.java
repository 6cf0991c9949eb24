package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/** What a pool tells of its volumes and snapshots: to describe one looks at no other but its origin. Used under the order lock. */
final class VolumeInfos {

    private final LongFunction<Version> byId;
    private final ToLongFunction<Version> solelyHeld;
    private final ToLongFunction<Version> clones;

    /**
     * For the versions of one catalogue.
     *
     * @param byId any version, or {@code null}
     * @param clones how many volumes name it as their origin
     * @param solelyHeld blocks of hidden versions that only this head holds
     */
    VolumeInfos(LongFunction<Version> byId, ToLongFunction<Version> clones, ToLongFunction<Version> solelyHeld) {
        this.clones = clones;
        this.byId = byId;
        this.solelyHeld = solelyHeld;
    }

    /** All of them, in the order they were given. */
    List<VolumeInfo> all(Collection<Version> visible) {
        List<VolumeInfo> infos = new ArrayList<>(visible.size());
        for (Version version : visible) {
            infos.add(of(version));
        }
        return infos;
    }

    /** One of them. */
    VolumeInfo of(Version version) {
        Version origin = byId.apply(version.originId);
        long reserved = 0;
        if (version.head != null) {
            for (HostCookie cookie : version.head.cookies) {
                reserved += cookie.promisedBlocks();
            }
        }
        if (version.quota != null) {
            reserved += version.quota.standing();
        }
        Quota quota = version.isHead()
                ? new Quota(Geometry.toBytes(version.guaranteeBlocks), Geometry.toBytes(version.limitBlocks))
                : Quota.NONE;
        return new VolumeInfo(
                version.name,
                version.uuid,
                version.isHead() ? VolumeInfo.Type.VOLUME : VolumeInfo.Type.SNAPSHOT,
                version.sizeBytes,
                Geometry.toBytes(version.mappedBlocks),
                exclusiveBytes(version),
                Geometry.toBytes(reserved),
                origin == null ? null : origin.name,
                version.createdMillis,
                !version.isHead(),
                Math.toIntExact(clones.applyAsLong(version)),
                version.head == null ? 0 : version.head.handles,
                quota,
                List.copyOf(version.holds));
    }

    /** Of a snapshot only what it owns is counted, and newer versions share that (SEMANTICS A6). */
    private long exclusiveBytes(Version version) {
        return version.isHead()
                ? Geometry.toBytes(version.exclusiveBlocks + solelyHeld.applyAsLong(version))
                : VolumeInfo.NOT_KNOWN;
    }
}
