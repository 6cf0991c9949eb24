package io.blkspc.xfsish.buffer;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;

/**
 * Borrowed read mappings, one for each MiB it was asked about lately. The host moves blocks (copy on write), so an entry is
 * used only while {@link BlockSpace#generation} is what it was: compared inside the caller's read lease, which keeps what
 * the mapping names from being used again. Otherwise it is mapped anew, to the end of its MiB. Owned by one thread.
 */
final class MappingCache {

    private static final int ENTRIES = 64; // power of two

    private final BlockSpace space;
    private final Mapping[] entries = new Mapping[ENTRIES];

    MappingCache(BlockSpace space) {
        this.space = space;
        for (int i = 0; i < ENTRIES; i++) {
            entries[i] = new Mapping();
        }
    }

    /** A mapping that covers {@code offset}; it may begin before. Good until the lease ends or the next call. */
    Mapping find(long offset) {
        Mapping entry = entries[(int) (offset / Geometry.MAX_WINDOW_BYTES) & (ENTRIES - 1)];
        boolean covers = entry.offsetBytes() <= offset && offset < entry.endOffsetBytes();
        if (!covers || entry.generation() != space.generation()) {
            space.map(offset, Geometry.MAX_WINDOW_BYTES - offset % Geometry.MAX_WINDOW_BYTES, entry);
        }
        return entry;
    }
}
