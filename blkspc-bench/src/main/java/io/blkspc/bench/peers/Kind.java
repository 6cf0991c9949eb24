package io.blkspc.bench.peers;

/** What a server is asked to serve. */
public enum Kind {
    /** A disk whose every byte was written before. */
    WRITTEN,
    /** A fresh writable clone of such a disk; where a server has no clones, an image over a backing file. */
    CLONE,
    /** A fresh empty disk that takes space as it is written. */
    THIN,
    /** As {@link #WRITTEN}, at the end of a thousand clones of clones, each of which was written to. */
    DEEP,
    /** As {@link #WRITTEN}, around the page cache. */
    DIRECT
}
