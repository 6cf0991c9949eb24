package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.host.device.BounceBuffers.Buffer;
import java.lang.foreign.MemorySegment;

/**
 * A file opened with O_DIRECT, for requests of any offset, length and memory. Whole blocks in aligned memory go to the
 * kernel as they are. Everything else goes through an aligned buffer, at most {@link BounceBuffers#BUFFER_BYTES} per call;
 * a write that covers only part of its first or last block reads that block back first and writes it whole.
 *
 * <p>No bytes are lost where several write to one block: {@link WriteRanges} keeps a write of part of a block apart from all
 * other writes of the block. Lock order: range, then buffer; who has a buffer waits for no range.
 *
 * <p>The bytes around a partial write are written with the values they have, so a torn write leaves them as they are.
 */
final class DirectFile implements RawFile {

    /** Unit of offsets and lengths: the block size of spaces, and what every device this runs on can do. */
    static final int BLOCK_BYTES = 4096;

    /** Short transfers end at one of these, whatever a device calls its block. */
    private static final int SECTOR_BYTES = 512;

    private static final int VECTOR_BYTES = 2 * Long.BYTES;

    // Vectors hold addresses; a segment of its own for each would be an allocation.
    private static final MemorySegment ALL_MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private final RawFile file;
    private final int memoryAlignBytes;
    private final BounceBuffers buffers = new BounceBuffers();
    private final WriteRanges writing = new WriteRanges();

    /**
     * Takes over a file.
     *
     * @param memoryAlignBytes what the kernel asks of addresses, a power of two up to {@link #BLOCK_BYTES}
     */
    DirectFile(RawFile file, int memoryAlignBytes) {
        this.file = file;
        this.memoryAlignBytes = memoryAlignBytes;
    }

    @Override
    public long read(long vectors, int count, long offsetBytes, int flags) {
        if ((flags & Posix.RWF_NOWAIT) != 0) {
            return -Errno.EOPNOTSUPP; // the medium has to be waited for, always
        }
        if (isAligned(vectors, count, offsetBytes)) {
            return file.read(vectors, count, offsetBytes, flags);
        }
        long start = offsetBytes & -BLOCK_BYTES;
        long skip = offsetBytes - start;
        long wanted = Math.min(totalBytes(vectors, count), BounceBuffers.BUFFER_BYTES - skip);
        Buffer buffer = buffers.take();
        try {
            long read = fill(buffer, 0, start, alignUp(skip + wanted));
            if (read <= skip) {
                return read < 0 ? read : 0;
            }
            long usable = Math.min(wanted, read - skip);
            copy(vectors, buffer.memory, skip, usable, false);
            return usable;
        } finally {
            buffers.give(buffer);
        }
    }

    @Override
    public long write(long vectors, int count, long offsetBytes) {
        if (isAligned(vectors, count, offsetBytes)) {
            long length = totalBytes(vectors, count);
            long ticket = writing.enter(offsetBytes, offsetBytes + length, false);
            try {
                long written = file.write(vectors, count, offsetBytes);
                boolean endsInsideFirst = written > 0 && written < Math.min(length, BLOCK_BYTES);
                return endsInsideFirst ? finishFirstBlock(vectors, offsetBytes, written) : wholeBlocks(written);
            } finally {
                writing.leave(ticket);
            }
        }
        long start = offsetBytes & -BLOCK_BYTES;
        long skip = offsetBytes - start;
        long wanted = Math.min(totalBytes(vectors, count), BounceBuffers.BUFFER_BYTES - skip);
        long length = alignUp(skip + wanted);
        boolean isPartial = skip > 0 || length > skip + wanted;
        long ticket = writing.enter(start, start + length, isPartial);
        try {
            Buffer buffer = buffers.take();
            try {
                if (isPartial) {
                    readEdges(buffer, start, length, skip, wanted);
                }
                copy(vectors, buffer.memory, skip, wanted, true);
                return writeBlocks(buffer, start, length, skip, wanted, 0);
            } finally {
                buffers.give(buffer);
            }
        } finally {
            writing.leave(ticket);
        }
    }

    /** A short write may end inside a block. What is left of it has no reason to be read: all of it is at hand. */
    private long finishFirstBlock(long vectors, long offsetBytes, long written) {
        Buffer buffer = buffers.take();
        try {
            copy(vectors, buffer.memory, 0, BLOCK_BYTES, true);
            return writeBlocks(buffer, offsetBytes, BLOCK_BYTES, 0, BLOCK_BYTES, written);
        } finally {
            buffers.give(buffer);
        }
    }

    /** The caller goes on behind this; the rest of the block after it is written once more. */
    private static long wholeBlocks(long written) {
        return written < 0 ? written : written & -BLOCK_BYTES;
    }

    private void readEdges(Buffer buffer, long start, long length, long skip, long wanted) {
        boolean sameBlock = length == BLOCK_BYTES;
        if (skip > 0 || sameBlock) {
            readBlock(buffer, start, 0);
        }
        if (!sameBlock && length > skip + wanted) {
            readBlock(buffer, start, length - BLOCK_BYTES);
        }
    }

    private void readBlock(Buffer buffer, long start, long at) {
        long read = fill(buffer, at, start + at, BLOCK_BYTES);
        if (read < BLOCK_BYTES) {
            throw new UnreadableBlockException(start + at, read < 0 ? Errno.name((int) -read) : "file was cut short");
        }
    }

    /** Returns bytes read, fewer than {@code length} only at the end of the file or before an error; or minus errno. */
    private long fill(Buffer buffer, long at, long offset, long length) {
        long done = 0;
        while (done < length) {
            long read = file.read(buffer.vectorOf(at + done, length - done), 1, offset + done, 0);
            if (read == -Errno.EINTR) {
                continue;
            }
            if (read <= 0) {
                return done > 0 ? done : read;
            }
            done += read;
            if ((read & (SECTOR_BYTES - 1)) != 0) {
                return done; // the end of the file
            }
        }
        return done;
    }

    /** Writes from {@code already} on. Returns how much of what was wanted got written, or why nothing did. */
    private long writeBlocks(Buffer buffer, long start, long length, long skip, long wanted, long already) {
        long done = already & -SECTOR_BYTES;
        while (done < length) {
            long written = file.write(buffer.vectorOf(done, length - done), 1, start + done);
            if (written == -Errno.EINTR) {
                continue;
            }
            if (written <= 0) {
                long usable = Math.min(wanted, done - skip);
                return usable > 0 ? usable : written;
            }
            done = (done + written) & -SECTOR_BYTES;
        }
        return wanted;
    }

    @Override
    public boolean isCached(long offsetBytes) {
        return false;
    }

    @Override
    public int sync() {
        return file.sync();
    }

    @Override
    public void close() {
        file.close();
    }

    private boolean isAligned(long vectors, int count, long offsetBytes) {
        long all = offsetBytes & (BLOCK_BYTES - 1);
        for (int i = 0; i < count; i++) {
            all |= address(vectors, i) & (memoryAlignBytes - 1);
            all |= length(vectors, i) & (BLOCK_BYTES - 1);
        }
        return all == 0;
    }

    private static long totalBytes(long vectors, int count) {
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += length(vectors, i);
        }
        return total;
    }

    /** Moves {@code length} bytes between the first of the vectors and {@code memory} from {@code at}. */
    private static void copy(long vectors, MemorySegment memory, long at, long length, boolean fromVectors) {
        long done = 0;
        for (int i = 0; done < length; i++) {
            long n = Math.min(length(vectors, i), length - done);
            long address = address(vectors, i);
            if (fromVectors) {
                MemorySegment.copy(ALL_MEMORY, JAVA_BYTE, address, memory, JAVA_BYTE, at + done, n);
            } else {
                MemorySegment.copy(memory, JAVA_BYTE, at + done, ALL_MEMORY, JAVA_BYTE, address, n);
            }
            done += n;
        }
    }

    private static long address(long vectors, int index) {
        return ALL_MEMORY.get(JAVA_LONG, vectors + (long) index * VECTOR_BYTES);
    }

    private static long length(long vectors, int index) {
        return ALL_MEMORY.get(JAVA_LONG, vectors + (long) index * VECTOR_BYTES + Long.BYTES);
    }

    private static long alignUp(long bytes) {
        return (bytes + BLOCK_BYTES - 1) & -BLOCK_BYTES;
    }
}
