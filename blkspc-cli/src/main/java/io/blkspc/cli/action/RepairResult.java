package io.blkspc.cli.action;

import io.blkspc.cli.text.Json;
import java.util.List;
import java.util.Map;

/**
 * What a repair saved and what it could not.
 *
 * @param losses what is lost; empty when nothing is
 * @param volumes volumes in the new pool
 * @param snapshots snapshots in the new pool
 * @param copiedBytes data copied
 */
public record RepairResult(List<Lost> losses, int volumes, int snapshots, long copiedBytes) {

    /**
     * One loss.
     *
     * @param volume volume or snapshot, or {@code null}
     * @param offset of the lost range in bytes
     * @param length of the lost range in bytes, 0 when something else is lost
     * @param reason why
     */
    public record Lost(String volume, long offset, long length, String reason) {

        private Map<String, Object> facts() {
            return Json.of("volume", volume, "offset", offset, "length", length, "reason", reason);
        }
    }

    /** The object of {@code pool repair}. */
    public Map<String, Object> facts() {
        return Json.of(
                "complete", losses.isEmpty(),
                "losses", losses.stream().map(Lost::facts).toList(),
                "volumes", volumes,
                "snapshots", snapshots,
                "copied", copiedBytes);
    }
}
