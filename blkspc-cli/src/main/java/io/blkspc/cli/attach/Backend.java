package io.blkspc.cli.attach;

import java.nio.file.Path;

/**
 * What a device is made of, as one word that the driver keeps with it: {@code blkspc:UUID:NAME:POOL}.
 *
 * @param uuid identity of the volume or snapshot
 * @param name its name when it was attached
 * @param pool directory of the pool
 */
public record Backend(String uuid, String name, Path pool) {

    private static final String SCHEME = "blkspc";
    private static final int PARTS = 4;

    /** Reads the word; {@code null} when it is not of this program. */
    static Backend parse(String word) {
        String[] parts = word.split(":", PARTS);
        return parts.length == PARTS && parts[0].equals(SCHEME)
                ? new Backend(parts[1], parts[2], Path.of(parts[3]))
                : null;
    }

    /** The word. */
    String word() {
        return SCHEME + ':' + uuid + ':' + name + ':' + pool;
    }
}
