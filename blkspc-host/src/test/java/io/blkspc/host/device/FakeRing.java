package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A kernel that completes what the test says, as the test says: bytes come from {@link #content}. */
final class FakeRing implements ReadRing {

    private record Read(long offset, long address, int length, long userData) {}

    private record Completion(long userData, int result) {}

    final byte[] content;
    private final List<Read> reads = new ArrayList<>();
    private final List<Completion> completions = new ArrayList<>();
    private Completion current;
    private long watched = Long.MIN_VALUE;
    private int queued;

    /** How many reads each call handed over that handed over any. */
    final List<Integer> handedOver = new ArrayList<>();

    boolean closed;

    FakeRing(byte[] content) {
        this.content = content;
    }

    /** Reads under way, in the order in which they were begun. */
    int underWay() {
        return reads.size();
    }

    boolean isWatching() {
        return watched != Long.MIN_VALUE;
    }

    /** Moves so many bytes for a read and tells {@code result}. */
    void complete(int index, int bytes, int result) {
        Read read = reads.remove(index);
        MemorySegment target = MemorySegment.ofAddress(read.address).reinterpret(read.length);
        MemorySegment.copy(content, (int) read.offset, target, JAVA_BYTE, 0, bytes);
        completions.add(new Completion(read.userData, result));
    }

    void completeWatch(int events) {
        completions.add(new Completion(watched, events));
        watched = Long.MIN_VALUE;
    }

    void completeUnknown(long userData) {
        completions.add(new Completion(userData, 4096));
    }

    @Override
    public void read(int fd, long offset, long address, int length, long userData) {
        reads.add(new Read(offset, address, length, userData));
        queued++;
    }

    @Override
    public void watch(int fd, long userData) {
        watched = userData;
    }

    @Override
    public int queued() {
        return queued;
    }

    /** Where the test said nothing, the last one completes in full. */
    @Override
    public void enter(int minComplete) {
        if (queued > 0) {
            handedOver.add(queued);
            queued = 0;
        }
        while (completions.size() < minComplete) {
            int last = reads.size() - 1;
            complete(last, reads.get(last).length, reads.get(last).length);
        }
    }

    @Override
    public boolean next() {
        current = completions.isEmpty() ? null : completions.removeFirst();
        return current != null;
    }

    @Override
    public long userData() {
        return current.userData;
    }

    @Override
    public int result() {
        return current.result;
    }

    @Override
    public void close() {
        closed = true;
    }
}
