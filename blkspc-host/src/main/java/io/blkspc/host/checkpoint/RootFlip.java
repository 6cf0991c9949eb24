package io.blkspc.host.checkpoint;

/** Makes a finished checkpoint the one that counts. */
@FunctionalInterface
public interface RootFlip {

    /**
     * Forces the segment device, writes the root to both superblock copies with a force after each, and returns only when
     * both are durable (SEMANTICS R10). An exception leaves it open which root counts: the store is failed.
     */
    void flip(CheckpointRoot root);
}
