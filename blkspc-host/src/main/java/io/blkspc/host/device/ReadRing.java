package io.blkspc.host.device;

/**
 * Reads handed to the kernel and completed by it in any order, as io_uring(7) has them. One thread, the one that opened it.
 */
interface ReadRing extends AutoCloseable {

    /** Of {@link #watch}: bytes to receive, the end of the stream, and errors. */
    int POLL_IN = 1;

    int POLL_ENDED = 0x8 | 0x10 | 0x2000;

    /** Queues a read; {@code userData} comes back with its completion. */
    void read(int fd, long offset, long address, int length, long userData);

    /** Queues a look at a descriptor, which completes once when there is one of {@link #POLL_IN} and {@link #POLL_ENDED}. */
    void watch(int fd, long userData);

    /** How many are queued and not handed over. */
    int queued();

    /** Hands over what is queued, and waits until {@code minComplete} completions are there. */
    void enter(int minComplete);

    /** Moves to the next completion; {@code false} when there is none. */
    boolean next();

    /** What the completion belongs to. */
    long userData();

    /** Bytes, or events, or minus errno. */
    int result();

    /** Gives it back to the kernel; nothing may be under way but looks. */
    @Override
    void close();
}
