package io.blkspc.host.journal;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A part of the ring in memory, read in big pieces: a ring that fits the window is read once. Owned by one scan.
 */
final class RingWindow implements AutoCloseable {

    static final long WINDOW_BYTES = 16 << 20;

    private final Arena arena = Arena.ofConfined();
    private final BlockDevice device;
    private final long capacity;
    private final MemorySegment memory;
    private final Crc32c crc;
    private final Transfer transfer = new Transfer();
    private long from;
    private long to;

    RingWindow(BlockDevice device, long windowBytes) {
        this.device = device;
        capacity = Journal.capacityOf(device);
        long record = JournalRecordHeader.totalLengthFor(Journal.maxPayloadBytes(capacity));
        memory = arena.allocate(Math.min(capacity, Math.max(windowBytes, record)), 4096);
        crc = new Crc32c(memory);
    }

    long capacity() {
        return capacity;
    }

    MemorySegment memory() {
        return memory;
    }

    Crc32c crc() {
        return crc;
    }

    /** Brings {@code [position, position + length)} into memory and returns where it starts there. */
    long load(long position, int length) {
        if (position < from || position + length > to) {
            long bytes = Math.min(memory.byteSize(), capacity - position);
            // A ring that fits is kept whole; only then is the window not moved to the position.
            from = memory.byteSize() == capacity ? 0 : position;
            bytes = memory.byteSize() == capacity ? capacity : bytes;
            to = from;
            device.read(transfer.reset(from).add(memory, 0, bytes), IoRole.JOURNAL);
            to = from + bytes;
        }
        return position - from;
    }

    @Override
    public void close() {
        arena.close();
    }
}
