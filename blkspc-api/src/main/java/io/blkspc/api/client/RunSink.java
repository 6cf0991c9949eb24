package io.blkspc.api.client;

import java.lang.foreign.MemorySegment;

/** Where {@link SpaceIo#sendRun} sends to: a socket, and memory for what the socket does not take at once. */
public interface RunSink {

    /** The socket; nobody closes it while a run is sent. */
    int descriptor();

    /** Native memory for a head and the run behind it. */
    MemorySegment memory();

    /** Bytes of the head of every run. */
    int headBytes();

    /** Writes the head of a run of {@code length} bytes to the start of {@link #memory}. Called before anything is sent. */
    void head(long length);

    /** The socket took so many bytes more. */
    void sent(long bytes);

    /** Waits a moment, inside a read lease, for the socket to take more; {@code false} when that has lasted long enough. */
    boolean awaitRoom();
}
