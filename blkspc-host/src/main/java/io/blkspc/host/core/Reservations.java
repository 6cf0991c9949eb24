package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.ReservationInfo.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Lists what is promised, for people. Under the order lock. */
final class Reservations {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private Reservations() {}

    static List<ReservationInfo> list(Engine engine) {
        long now = engine.scheduler.nanoTime() / NANOS_PER_MILLI;
        List<ReservationInfo> found = new ArrayList<>();
        for (Version version : engine.catalogue.versions()) {
            if (version.quota != null && version.isVisible() && version.guaranteeBlocks > 0) {
                found.add(guarantee(version));
            }
            if (version.head != null) {
                for (HostCookie cookie : version.head.cookies) {
                    found.add(cookie(cookie, now));
                }
            }
        }
        found.sort(Comparator.comparing(ReservationInfo::volume, Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparingLong(ReservationInfo::id));
        return found;
    }

    private static ReservationInfo guarantee(Version version) {
        return new ReservationInfo(
                Kind.GUARANTEE,
                version.name,
                0,
                bytes(version.guaranteeBlocks),
                bytes(version.quota.standing()),
                0,
                1,
                false,
                0);
    }

    private static ReservationInfo cookie(HostCookie cookie, long now) {
        StageTable stages = cookie.head.stages;
        long staged = 0;
        for (int i = 0; i < stages.size(); i++) {
            staged += stages.cookie(i) == cookie ? stages.count(i) : 0;
        }
        return new ReservationInfo(
                Kind.COOKIE,
                cookie.head.version.name,
                cookie.id(),
                bytes(cookie.reservedBlocks),
                bytes(cookie.promisedBlocks()),
                bytes(staged),
                cookie.references(),
                cookie.isCancelled(),
                cookie.bornMillis == 0 ? 0 : Math.max(0, now - cookie.bornMillis));
    }

    private static long bytes(long blocks) {
        return blocks << Geometry.BLOCK_SHIFT;
    }
}
