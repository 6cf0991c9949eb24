package io.blkspc.xfsish;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.Geometry;
import io.blkspc.api.contract.Fixture;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Byte arrays in and out of a subvolume. */
final class Bytes {

    static final int BLOCK = Geometry.BLOCK_BYTES;

    private Bytes() {}

    static MemorySegment of(byte[] bytes) {
        MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, bytes.length));
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
        return segment;
    }

    static byte[] read(Subvolume subvolume, long offset, int length) {
        MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, length));
        subvolume.read(offset, length, segment, 0);
        return segment.asSlice(0, length).toArray(JAVA_BYTE);
    }

    static void write(Transaction transaction, long offset, byte[] bytes) {
        transaction.write(offset, of(bytes), 0, bytes.length);
    }

    /** One transaction for one write. */
    static void write(Subvolume subvolume, long offset, byte[] bytes) {
        int blocks = (int) ((Geometry.alignUp(offset + bytes.length) - Geometry.alignDown(offset)) / BLOCK);
        try (Transaction transaction = subvolume.begin(blocks)) {
            write(transaction, offset, bytes);
            transaction.commit();
        }
    }

    /** The same, reserved in windows. */
    static void writeRange(Subvolume subvolume, long offset, byte[] bytes) {
        try (Transaction transaction = subvolume.beginRange(offset, bytes.length)) {
            write(transaction, offset, bytes);
            transaction.commit();
        }
    }

    static byte[] blocks(long seed, int count) {
        return Fixture.bytes(seed, count * BLOCK);
    }
}
