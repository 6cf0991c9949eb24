package io.blkspc.cli.fs;

import io.blkspc.cli.text.Json;
import java.util.Map;

/** What a copy consisted of. One thread. */
public final class Copied {

    private long files;
    private long directories;
    private long links;
    private long bytes;

    void file(long size) {
        files++;
        bytes += size;
    }

    void directory() {
        directories++;
    }

    void link() {
        links++;
    }

    /** {@code files}, {@code directories}, {@code links}, {@code bytes}. */
    public Map<String, Object> facts() {
        return Json.of("files", files, "directories", directories, "links", links, "bytes", bytes);
    }
}
