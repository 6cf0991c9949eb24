package io.blkspc.host.core;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentHashMap;

/** A device of zeros that takes memory only where it was written, and keeps its bytes when it is closed. */
final class SparseDevice implements BackingDevice {

    private static final int PAGE_BYTES = 4096;

    private volatile long sizeBytes;
    private final ConcurrentHashMap<Long, byte[]> pages = new ConcurrentHashMap<>();

    SparseDevice(long sizeBytes) {
        this.sizeBytes = sizeBytes;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        move(transfer, false);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        move(transfer, true);
    }

    private void move(Transfer transfer, boolean writes) {
        long at = transfer.deviceOffsetBytes();
        if (at < 0 || at + transfer.totalBytes() > sizeBytes) {
            throw new BlockSpaceException(Code.OUT_OF_RANGE, "offset=" + at + ", size=" + sizeBytes);
        }
        for (int i = 0; i < transfer.count(); i++) {
            long done = 0;
            while (done < transfer.length(i)) {
                int inPage = (int) (at % PAGE_BYTES);
                int part = (int) Math.min(PAGE_BYTES - inPage, transfer.length(i) - done);
                MemorySegment memory = transfer.segment(i).asSlice(transfer.start(i) + done, part);
                if (writes) {
                    byte[] page = pages.computeIfAbsent(at / PAGE_BYTES, key -> new byte[PAGE_BYTES]);
                    MemorySegment.copy(memory, JAVA_BYTE, 0, page, inPage, part);
                } else {
                    byte[] page = pages.get(at / PAGE_BYTES);
                    if (page == null) {
                        memory.fill((byte) 0);
                    } else {
                        MemorySegment.copy(page, inPage, memory, JAVA_BYTE, 0, part);
                    }
                }
                at += part;
                done += part;
            }
            transfer.advance(transfer.length(i));
        }
    }

    @Override
    public void grow(long newSizeBytes) {
        sizeBytes = Math.max(sizeBytes, newSizeBytes);
    }

    @Override
    public void force(IoRole role) {}

    @Override
    public BlockDevice openMedium() {
        return this;
    }

    @Override
    public void close() {}
}
