package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device that is memory, always cached: no call of it allocates or waits. */
public final class MemoryDevice implements BlockDevice {

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    public MemoryDevice(long sizeBytes) {
        this.memory = arena.allocate(sizeBytes);
    }

    @Override
    public long sizeBytes() {
        return memory.byteSize();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        long at = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            MemorySegment.copy(memory, at, transfer.segment(i), transfer.start(i), transfer.length(i));
            at += transfer.length(i);
        }
        transfer.advance(transfer.totalBytes());
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        read(transfer, role);
        return true;
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        long at = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            MemorySegment.copy(transfer.segment(i), transfer.start(i), memory, at, transfer.length(i));
            at += transfer.length(i);
        }
        transfer.advance(transfer.totalBytes());
    }

    @Override
    public void force(IoRole role) {}

    @Override
    public void close() {
        arena.close();
    }
}
