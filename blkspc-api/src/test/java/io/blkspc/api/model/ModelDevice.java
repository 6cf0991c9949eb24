package io.blkspc.api.model;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A device in native memory, sparse in chunks of 1 MiB. What nobody wrote holds {@link #POISON}, so that a client that
 * reads an unwritten block, or one that was freed under it, sees neither zeros nor data. Any thread may call anything.
 */
final class ModelDevice implements BlockDevice {

    /** The byte that fills memory nobody wrote. */
    static final byte POISON = (byte) 0xDB;

    private static final int CHUNK_BYTES = 1 << 20;

    private volatile long sizeBytes;
    private final ModelFaults faults;
    private final Arena arena = Arena.ofAuto();
    private final ConcurrentHashMap<Long, MemorySegment> chunks = new ConcurrentHashMap<>();
    private volatile boolean failed;
    private volatile boolean closed;

    ModelDevice(long sizeBytes, ModelFaults faults) {
        this.sizeBytes = sizeBytes;
        this.faults = faults;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    void grow(long newSizeBytes) {
        sizeBytes = newSizeBytes;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        checkOpen();
        move(transfer, false, limit(transfer, ModelFaults.Io.READ, role));
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        read(transfer, role);
        return true;
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        checkOpen();
        checkNotFailed();
        move(transfer, true, limit(transfer, ModelFaults.Io.WRITE, role));
    }

    @Override
    public void force(IoRole role) {
        checkOpen();
        checkNotFailed();
        if (faults.failsNow(ModelFaults.Io.FORCE, role)) {
            failed = true;
            throw new BlockSpaceException(Code.IO, "force failed: role=" + role);
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    /** The pool is opened again: the device works again. */
    void reopen() {
        closed = false;
        failed = false;
    }

    void poison(long block) {
        MemorySegment chunk = chunks.get(block * Geometry.BLOCK_BYTES / CHUNK_BYTES);
        if (chunk != null) {
            chunk.asSlice(block * Geometry.BLOCK_BYTES % CHUNK_BYTES, Geometry.BLOCK_BYTES)
                    .fill(POISON);
        }
    }

    /** Adds one block to a checksum. */
    void checksum(long block, DataChecksum checksum) {
        checksum.update(chunk(block * Geometry.BLOCK_BYTES)
                .asSlice(block * Geometry.BLOCK_BYTES % CHUNK_BYTES, Geometry.BLOCK_BYTES)
                .asByteBuffer());
    }

    private void checkOpen() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "device is closed");
        }
    }

    private void checkNotFailed() {
        if (failed) {
            throw new BlockSpaceException(Code.FAILED, "an earlier force of this device failed");
        }
    }

    /** How many bytes to move before the IO fails; all when it does not. */
    private long limit(Transfer transfer, ModelFaults.Io kind, IoRole role) {
        long end = transfer.deviceOffsetBytes() + transfer.totalBytes();
        if (transfer.deviceOffsetBytes() < 0 || end > sizeBytes) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "transfer is not inside the device: offset=" + transfer.deviceOffsetBytes() + ", end=" + end
                            + ", size=" + sizeBytes);
        }
        return faults.failsNow(kind, role) ? transfer.totalBytes() / 2 : transfer.totalBytes();
    }

    private void move(Transfer transfer, boolean write, long limit) {
        long at = transfer.deviceOffsetBytes();
        long left = limit;
        for (int part = 0; part < transfer.count(); part++) {
            long start = transfer.start(part);
            long end = start + Math.min(left, transfer.length(part));
            left -= end - start;
            while (start < end) {
                long inChunk = at % CHUNK_BYTES;
                long count = Math.min(end - start, CHUNK_BYTES - inChunk);
                if (write) {
                    MemorySegment.copy(transfer.segment(part), start, chunk(at), inChunk, count);
                } else {
                    MemorySegment.copy(chunk(at), inChunk, transfer.segment(part), start, count);
                }
                transfer.advance(count);
                start += count;
                at += count;
            }
        }
        if (limit < transfer.totalBytes()) {
            throw new BlockSpaceException(
                    Code.IO, (write ? "write" : "read") + " failed: offset=" + at + ", role of a fault");
        }
    }

    private MemorySegment chunk(long offset) {
        return chunks.computeIfAbsent(offset / CHUNK_BYTES, _ -> {
            MemorySegment made = arena.allocate(CHUNK_BYTES, Geometry.BLOCK_BYTES);
            made.fill(POISON);
            return made;
        });
    }

    byte byteAt(long offset) {
        return chunk(offset).get(JAVA_BYTE, offset % CHUNK_BYTES);
    }
}
