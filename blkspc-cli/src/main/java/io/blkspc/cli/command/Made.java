package io.blkspc.cli.command;

import io.blkspc.cli.text.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How new snapshots and clones are told: a line each, and how long the freeze took. */
final class Made {

    private Made() {}

    static String text(List<Map<String, Object>> versions) {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> version : versions) {
            text.append("created ").append(version.get("name"));
            if (version.get("origin") != null) {
                text.append(" from ").append(version.get("origin"));
            }
            text.append(" in ")
                    .append(micros(Json.asLong(version.get("elapsed_us"))))
                    .append('\n');
        }
        return text.toString();
    }

    /** A duration of microseconds in the unit that suits it. */
    static String micros(long micros) {
        if (micros < 1000) {
            return micros + " \u00b5s";
        }
        return micros < 1_000_000
                ? String.format(Locale.ROOT, "%.1f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.1f s", micros / 1e6);
    }
}
