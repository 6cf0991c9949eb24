package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.ReservationInfo.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Lists what is promised, for people. Under the order lock. */
final class Reservations {

    private Reservations() {}

    static List<ReservationInfo> list(Engine engine) {
        long now = TimeUnit.NANOSECONDS.toMillis(engine.scheduler.nanoTime());
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

    /** The guarantees alone, by name: where nobody can be at work. */
    static List<ReservationInfo> guarantees(Catalogue catalogue) {
        List<ReservationInfo> found = new ArrayList<>();
        for (Version version : catalogue.visible()) {
            if (version.quota != null && version.guaranteeBlocks > 0) {
                found.add(guarantee(version));
            }
        }
        return found;
    }

    private static ReservationInfo guarantee(Version version) {
        return new ReservationInfo(
                Kind.GUARANTEE,
                version.name,
                0,
                Geometry.toBytes(version.guaranteeBlocks),
                Geometry.toBytes(version.quota.standing()),
                0,
                1,
                false,
                0);
    }

    private static ReservationInfo cookie(HostCookie cookie, long now) {
        return new ReservationInfo(
                Kind.COOKIE,
                cookie.head.version.name,
                cookie.id(),
                Geometry.toBytes(cookie.reservedBlocks),
                Geometry.toBytes(cookie.promisedBlocks()),
                Geometry.toBytes(cookie.head.stages.countOf(cookie)),
                cookie.references(),
                cookie.isCancelled(),
                cookie.bornMillis == 0 ? 0 : Math.max(0, now - cookie.bornMillis));
    }
}
