package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A device in memory, for trying the API and for tests with real threads. Nothing survives the process, so a force has
 * nothing to do. Any thread may call; a read concurrent with a write of the same bytes may see a mixture.
 */
public final class MemoryBlockDevice implements BackingDevice {

    // Freed when nobody refers to it any more, so that a late call of another thread cannot fault.
    private final MemorySegment bytes;
    private volatile boolean isClosed;

    /** A device of zeros. */
    public MemoryBlockDevice(long sizeBytes) {
        this(Arena.ofAuto().allocate(sizeBytes, 4096));
    }

    private MemoryBlockDevice(MemorySegment bytes) {
        this.bytes = bytes;
    }

    @Override
    public long sizeBytes() {
        return bytes.byteSize();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        check(transfer);
        long position = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            long length = transfer.length(i);
            MemorySegment.copy(bytes, JAVA_BYTE, position, transfer.segment(i), JAVA_BYTE, transfer.start(i), length);
            position += length;
            transfer.advance(length);
        }
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        read(transfer, role);
        return true;
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        check(transfer);
        long position = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            long length = transfer.length(i);
            MemorySegment.copy(transfer.segment(i), JAVA_BYTE, transfer.start(i), bytes, JAVA_BYTE, position, length);
            position += length;
            transfer.advance(length);
        }
    }

    @Override
    public void force(IoRole role) {
        checkOpen();
    }

    @Override
    public BlockDevice openMedium() {
        // A handle of its own, which the caller can close.
        return new ReadOnlyDevice(new MemoryBlockDevice(bytes));
    }

    @Override
    public void close() {
        isClosed = true;
    }

    private void checkOpen() {
        if (isClosed) {
            throw new BlockSpaceException(Code.CLOSED, "device is closed: " + this);
        }
    }

    private void check(Transfer transfer) {
        checkOpen();
        long offset = transfer.deviceOffsetBytes();
        if (offset < 0 || offset > sizeBytes() || transfer.totalBytes() > sizeBytes() - offset) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "beyond the end of the device: offset=" + offset + ", length=" + transfer.totalBytes() + ", size="
                            + sizeBytes());
        }
    }

    @Override
    public String toString() {
        return "device in memory of " + sizeBytes() + " bytes";
    }
}
