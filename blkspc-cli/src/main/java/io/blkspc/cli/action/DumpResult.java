package io.blkspc.cli.action;

import io.blkspc.cli.text.Json;
import java.util.Map;

/**
 * What is in a dump, or in a pool that was restored from one.
 *
 * @param volumes volumes
 * @param snapshots snapshots
 * @param dataBytes blocks of data; what versions share counts once
 */
public record DumpResult(int volumes, int snapshots, long dataBytes) {

    /** The object of {@code pool dump}. */
    public Map<String, Object> facts() {
        return Json.of("volumes", volumes, "snapshots", snapshots, "data", dataBytes);
    }
}
