package io.blkspc.cli.action;

import java.util.Map;

/**
 * What was restored from a dump.
 *
 * @param made what is in the new pool
 * @param isChecked {@code false}: too many extents to check in this memory
 */
public record RestoreResult(DumpResult made, boolean isChecked) {

    /** The object of {@code pool restore}. */
    public Map<String, Object> facts() {
        Map<String, Object> facts = made.facts();
        facts.put("checked", isChecked);
        return facts;
    }
}
