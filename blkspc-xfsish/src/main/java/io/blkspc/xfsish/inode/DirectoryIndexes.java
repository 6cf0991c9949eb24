package io.blkspc.xfsish.inode;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The indexes of the directories used lately, in bounded memory. Guarded by the lock of the file system. */
final class DirectoryIndexes {

    private final IndexLimits limits;
    private final LinkedHashMap<Long, DirectoryIndex> kept = new LinkedHashMap<>(16, 0.75f, true);
    /** Those whose index alone would be too large: not tried again with each name. */
    private final Set<Long> tooLarge = new HashSet<>();

    private long bytes;
    private long built;
    private long dropped;

    DirectoryIndexes(IndexLimits limits) {
        this.limits = limits;
    }

    /** The index of a directory, or null. */
    DirectoryIndex get(long directory) {
        return kept.get(directory);
    }

    /** {@code true} when a directory of so many blocks without an index should get one. */
    boolean isWanted(long directory, long blocks) {
        return blocks >= limits.fromBlocks() && !tooLarge.contains(directory);
    }

    /** {@code false} when it is too large even alone, also while it is being built. */
    boolean fits(DirectoryIndex index) {
        return index.bytes() <= limits.maxBytes();
    }

    /** It was built. */
    void keep(long directory, DirectoryIndex index) {
        kept.put(directory, index);
        built++;
        grown(directory, index, index.bytes());
    }

    /** It takes so many bytes more: those used least lately make room. */
    void grown(long directory, DirectoryIndex index, long more) {
        bytes += more;
        if (!fits(index)) {
            refuse(directory);
        }
        while (bytes > limits.maxBytes()) {
            Map.Entry<Long, DirectoryIndex> eldest = kept.firstEntry();
            drop(eldest.getKey());
        }
    }

    /** No index for this directory until it is forgotten. */
    void refuse(long directory) {
        drop(directory);
        tooLarge.add(directory);
    }

    /** The inode was removed or left memory. */
    void forget(long directory) {
        drop(directory);
        tooLarge.remove(directory);
    }

    void drop(long directory) {
        DirectoryIndex index = kept.remove(directory);
        if (index != null) {
            bytes -= index.bytes();
            dropped++;
        }
    }

    void clear() {
        dropped += kept.size();
        kept.clear();
        tooLarge.clear();
        bytes = 0;
    }

    int count() {
        return kept.size();
    }

    long bytes() {
        return bytes;
    }

    long built() {
        return built;
    }

    long dropped() {
        return dropped;
    }
}
