package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Random;

/** A file in memory that moves a random number of bytes per call, is interrupted often, and fails when told to. */
final class ScriptedFile implements RawFile {

    final byte[] content;
    private final Random random;
    /** Bytes left to write until {@link #writeError} is reported; negative for never. */
    long writeBudget = -1;

    int writeError;
    int readError;
    int syncError;
    int syncs;

    /** Pages that are in the page cache. */
    final BitSet cached = new BitSet();

    /** Bytes that the longest call asked to write. */
    long longestWrite;

    /** Bytes that are moved together or not at all. */
    int granule = 1;

    ScriptedFile(int sizeBytes, long seed) {
        content = new byte[sizeBytes];
        random = new Random(seed);
    }

    @Override
    public long read(long vectors, int count, long offsetBytes, int flags) {
        if (readError != 0) {
            return -readError;
        }
        return move(vectors, count, offsetBytes, false, Long.MAX_VALUE);
    }

    @Override
    public long write(long vectors, int count, long offsetBytes) {
        if (writeBudget == 0) {
            return -writeError;
        }
        long written = move(vectors, count, offsetBytes, true, writeBudget < 0 ? Long.MAX_VALUE : writeBudget);
        if (writeBudget > 0 && written > 0) {
            writeBudget -= written;
        }
        return written;
    }

    private long move(long vectors, int count, long offsetBytes, boolean isWrite, long most) {
        if (random.nextInt(3) == 0) {
            return -Errno.EINTR;
        }
        MemorySegment table = MemorySegment.ofAddress(vectors).reinterpret(count * 16L);
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += table.get(JAVA_LONG, i * 16L + 8);
        }
        longestWrite = isWrite ? Math.max(longestWrite, total) : longestWrite;
        long some = (1 + random.nextLong(total) + granule - 1) / granule * granule;
        long left = Math.min(most, Math.min(some, total));
        long moved = 0;
        for (int i = 0; i < count && left > 0; i++) {
            int n = (int) Math.min(left, table.get(JAVA_LONG, i * 16L + 8));
            MemorySegment part =
                    MemorySegment.ofAddress(table.get(JAVA_LONG, i * 16L)).reinterpret(n);
            int at = (int) (offsetBytes + moved);
            if (isWrite) {
                MemorySegment.copy(part, JAVA_BYTE, 0, content, at, n);
            } else {
                MemorySegment.copy(content, at, part, JAVA_BYTE, 0, n);
            }
            moved += n;
            left -= n;
        }
        return moved;
    }

    @Override
    public boolean isCached(long offsetBytes) {
        return cached.get((int) (offsetBytes / 4096));
    }

    @Override
    public int sync() {
        syncs++;
        return -syncError;
    }

    @Override
    public void close() {}
}
