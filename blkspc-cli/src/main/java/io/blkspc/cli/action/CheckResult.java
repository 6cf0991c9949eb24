package io.blkspc.cli.action;

import io.blkspc.cli.text.Json;
import java.util.List;
import java.util.Map;

/**
 * What a check of a pool found.
 *
 * @param findings what is wrong, one line each; empty when the pool is clean
 * @param versions volumes and snapshots examined, hidden ones too
 * @param nodes tree nodes read and verified
 * @param extents extents examined
 * @param blocks data blocks that something holds
 * @param readBlocks data blocks read from the medium, 0 when the check was not deep
 * @param isCleanStop {@code true} when the pool had been stopped cleanly
 */
public record CheckResult(
        List<String> findings,
        int versions,
        long nodes,
        long extents,
        long blocks,
        long readBlocks,
        boolean isCleanStop) {

    /** The object of {@code pool check}. */
    public Map<String, Object> facts() {
        return Json.of(
                "clean", findings.isEmpty(),
                "findings", findings,
                "versions", versions,
                "nodes", nodes,
                "extents", extents,
                "blocks", blocks,
                "read_blocks", readBlocks,
                "clean_stop", isCleanStop);
    }
}
