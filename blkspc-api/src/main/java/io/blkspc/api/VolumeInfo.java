package io.blkspc.api;

import java.util.List;
import java.util.UUID;

/**
 * Facts of one volume or snapshot at one moment. All sizes are bytes.
 *
 * @param name {@code NAME} or {@code NAME@SNAP}
 * @param uuid identity, stable across renames
 * @param type volume or snapshot
 * @param sizeBytes size of the address space
 * @param mappedBytes blocks this version maps, its own and shared ones, not what is only staged
 * @param exclusiveBytes blocks only this volume holds: exactly what destroying it alone would free; {@link #NOT_KNOWN} of a
 *     snapshot, where {@link Pool#bytesFreedBy} tells it
 * @param reservedBytes promised to this version and not yet drawn: by its cookies, and of its guarantee
 * @param origin full name of the version it was cloned from; {@code null} when there was none or it was destroyed
 * @param createdMillis milliseconds since 1970-01-01 UTC
 * @param readOnly {@code true} for snapshots
 * @param clones volumes that have this version as their origin
 * @param attachments open handles
 * @param quota what it is promised and may take; the guarantee at most its size
 * @param holds tags that keep a snapshot from being destroyed, in order
 */
public record VolumeInfo(
        String name,
        UUID uuid,
        Type type,
        long sizeBytes,
        long mappedBytes,
        long exclusiveBytes,
        long reservedBytes,
        String origin,
        long createdMillis,
        boolean readOnly,
        int clones,
        int attachments,
        Quota quota,
        List<String> holds) {

    /** In place of a number that would cost more than to look at one version. */
    public static final long NOT_KNOWN = -1;

    /** Kind of version. */
    public enum Type {
        /** A live, writable head. */
        VOLUME,
        /** A frozen version. */
        SNAPSHOT
    }
}
