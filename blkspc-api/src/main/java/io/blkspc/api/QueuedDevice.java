package io.blkspc.api;

/** A {@link BlockDevice} that may have many reads of one thread under way at a time. */
public interface QueuedDevice extends BlockDevice {

    /**
     * Opens a queue for the current thread.
     *
     * @param depth most reads under way, at least 1
     * @return {@code null} when it cannot be had, here or now: then {@link #read} is the way
     */
    ReadQueue openReadQueue(int depth);
}
