package io.blkspc.api.model;

import io.blkspc.api.Geometry;
import io.blkspc.api.ReservationInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToLongFunction;

/** What a model pool tells of its promises. Used under the pool's monitor. */
final class ModelReservations {

    private ModelReservations() {}

    /** All of them; {@code standing} tells what stands promised of the guarantee of a version, in blocks. */
    static List<ReservationInfo> of(
            Collection<ModelVersion> versions, Collection<ModelCookie> cookies, ToLongFunction<ModelVersion> standing) {
        List<ReservationInfo> found = new ArrayList<>();
        for (ModelVersion version : versions) {
            if (version.isGuaranteed()) {
                found.add(new ReservationInfo(
                        ReservationInfo.Kind.GUARANTEE,
                        version.name,
                        0,
                        version.quota.guaranteeBytes(),
                        standing.applyAsLong(version) * Geometry.BLOCK_BYTES,
                        0,
                        1,
                        false,
                        0));
            }
        }
        cookies.forEach(cookie -> found.add(describe(cookie)));
        found.sort(Comparator.comparing(ReservationInfo::volume, Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparingLong(ReservationInfo::id));
        return found;
    }

    private static ReservationInfo describe(ModelCookie cookie) {
        return new ReservationInfo(
                ReservationInfo.Kind.COOKIE,
                cookie.head.name,
                cookie.id(),
                cookie.reserved * Geometry.BLOCK_BYTES,
                cookie.promised() * Geometry.BLOCK_BYTES,
                cookie.stages().count() * Geometry.BLOCK_BYTES,
                cookie.references(),
                cookie.isCancelled(),
                (System.nanoTime() - cookie.bornNanos) / 1_000_000);
    }
}
