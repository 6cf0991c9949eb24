package io.blkspc.cli.action;

import io.blkspc.api.JobInfo;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.cli.text.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;

/** Facts of pools and volumes under the names scripts use. Sizes are bytes. */
public final class Facts {

    private Facts() {}

    /** One object of {@code list}. */
    static Map<String, Object> listed(VolumeInfo info) {
        Long exclusive = info.exclusiveBytes() == VolumeInfo.NOT_KNOWN ? null : info.exclusiveBytes();
        return Json.of(
                "name", info.name(),
                "type", info.type().name().toLowerCase(Locale.ROOT),
                "size", info.sizeBytes(),
                "used", exclusive == null ? null : exclusive + info.reservedBytes(),
                "exclusive", exclusive,
                "referenced", info.mappedBytes(),
                "reserved", info.reservedBytes(),
                "origin", info.origin(),
                "created",
                        Instant.ofEpochMilli(info.createdMillis())
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString(),
                "readonly", info.readOnly());
    }

    /** The object of {@code info}. */
    static Map<String, Object> of(VolumeInfo info) {
        Map<String, Object> facts = listed(info);
        facts.put("uuid", info.uuid().toString());
        facts.put("mapped", info.mappedBytes());
        facts.put("guarantee", info.quota().guaranteeBytes());
        facts.put("limit", info.quota().limitBytes() == 0 ? null : info.quota().limitBytes());
        facts.put("clones", info.clones());
        facts.put("connections", info.attachments());
        facts.put("holds", info.holds());
        return facts;
    }

    /** One object of {@code reservations}. */
    static Map<String, Object> of(ReservationInfo info) {
        return Json.of(
                "volume", info.volume(),
                "kind", info.kind().name().toLowerCase(Locale.ROOT),
                "id", info.id(),
                "reserved", info.reservedBytes(),
                "held", info.heldBytes(),
                "staged", info.stagedBytes(),
                "references", info.references(),
                "cancelled", info.cancelled(),
                "age_ms", info.ageMillis());
    }

    /** One object of {@code pool events}. */
    static Map<String, Object> of(PoolEvent event) {
        return Json.of(
                "number", event.number(),
                "time", Instant.ofEpochMilli(event.atMillis()).toString(),
                "kind", event.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                "name", event.name(),
                "facts", event.facts());
    }

    /** One object of {@code jobs}. */
    static Map<String, Object> of(JobInfo info) {
        return Json.of(
                "id", info.id(),
                "kind", info.kind().name().toLowerCase(Locale.ROOT),
                "name", info.name(),
                "state", info.running() ? "running" : "waiting",
                "percent", info.percent(),
                "bytes", info.bytes());
    }

    /** The object of {@code pool status}. */
    static Map<String, Object> of(PoolStatus status) {
        Map<String, Object> facts = Json.of(
                "state", status.state().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                "uuid", status.uuid().toString(),
                "size", status.sizeBytes(),
                "allocated", status.allocatedBytes(),
                "free", status.freeBytes(),
                "reserved", status.reservedBytes(),
                "promised", status.promisedBytes(),
                "quarantined", status.quarantinedBytes(),
                "metadata_total", status.metadataTotalBytes(),
                "metadata_used", status.metadataUsedBytes(),
                "journal_total", status.journalBytes(),
                "journal_used", status.journalUsedBytes(),
                "volumes", status.volumes(),
                "snapshots", status.snapshots(),
                "sequence", status.sequence(),
                "durable_sequence", status.durableSequence());
        facts.put("needs_check", status.state() == PoolStatus.State.NEEDS_CHECK);
        facts.put("clean", status.cleanOpen());
        facts.put("recovery_ms", status.recoveryMillis());
        facts.put("read_errors", status.readErrors());
        return facts;
    }

    /** The object of {@code pool status} for a pool that cannot be opened before it was checked. */
    public static Map<String, Object> ofDamagedPool() {
        return Json.of("state", "needs-check", "needs_check", true, "clean", false);
    }
}
