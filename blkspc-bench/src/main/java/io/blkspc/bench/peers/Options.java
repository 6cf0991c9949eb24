package io.blkspc.bench.peers;

import java.nio.file.Path;
import java.util.List;

/**
 * How much is measured.
 *
 * @param directory where all files go; made, and removed at the end
 * @param bytes size of each disk, a power of two of at least 1 MiB
 * @param rounds runs of everybody that count
 * @param millis length of each
 * @param extents of the volumes that are cloned and opened again, a power of two of at least 1024
 * @param only workloads and figures by their short names; empty: all
 * @param plots directory for pictures, or {@code null} for none
 */
public record Options(
        Path directory, long bytes, int rounds, long millis, long extents, List<String> only, Path plots) {

    /** Checks the figures. */
    public Options {
        if (bytes < 1 << 20 || Long.bitCount(bytes) != 1) {
            throw new IllegalArgumentException("not a power of two of at least 1M: size=" + bytes);
        }
        if (rounds < 1 || millis < 1) {
            throw new IllegalArgumentException("rounds=" + rounds + ", millis=" + millis);
        }
        if (extents < 1 << 10 || Long.bitCount(extents) != 1) {
            throw new IllegalArgumentException("not a power of two of at least 1024: extents=" + extents);
        }
        only = List.copyOf(only);
    }
}
