package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.ReadQueue;
import java.lang.foreign.MemorySegment;

/** A queue of reads of clients, whose failures are counted (contract D11). */
record CountedReads(ReadQueue queue, ReadErrors errors) implements ReadQueue {

    @Override
    public int alignBytes() {
        return queue.alignBytes();
    }

    @Override
    public void read(int tag, long deviceOffset, MemorySegment target, long start, int length, IoRole role) {
        queue.read(tag, deviceOffset, target, start, length, role);
    }

    @Override
    public void start() {
        queue.start();
    }

    @Override
    public void await(int descriptor) {
        queue.await(descriptor);
    }

    @Override
    public int poll() {
        int tag = queue.poll();
        if (tag != NONE) {
            BlockSpaceException failure = queue.failure();
            if (failure != null) {
                errors.add(failure);
            }
        }
        return tag;
    }

    @Override
    public BlockSpaceException failure() {
        return queue.failure();
    }

    @Override
    public void close() {
        queue.close();
    }
}
