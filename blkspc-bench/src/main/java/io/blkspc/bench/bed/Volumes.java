package io.blkspc.bench.bed;

import java.util.List;

/** What the bench asks of a pool that is served, without a process for each word. */
public interface Volumes extends AutoCloseable {

    /** Makes an empty volume. */
    void create(String name, long bytes);

    /** Makes clones of a volume, all in one step. */
    void clone(String source, List<String> names);

    /** Destroys volumes. */
    void destroy(List<String> names);

    @Override
    void close();
}
