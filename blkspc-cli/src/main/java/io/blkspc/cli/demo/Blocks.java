package io.blkspc.cli.demo;

import io.blkspc.cli.image.NbdClient;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/** Moves and compares images block by block, through NBD. */
final class Blocks {

    /** Bytes of a block. */
    static final int BYTES = 4096;

    private static final int CHUNK_BYTES = 1 << 20;

    private Blocks() {}

    /** The blocks of an image that are not all zeros. */
    static BitSet withData(Path image) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment bytes = map(image, arena);
            BitSet blocks = new BitSet();
            for (int block = 0; block < bytes.byteSize() / BYTES; block++) {
                MemorySegment content = bytes.asSlice((long) block * BYTES, BYTES);
                boolean isZero = content.get(ValueLayout.JAVA_BYTE, 0) == 0
                        && MemorySegment.mismatch(content, 0, BYTES - 1, content, 1, BYTES) < 0;
                blocks.set(block, !isZero);
            }
            return blocks;
        }
    }

    /** The blocks in which two images of one size differ. */
    static BitSet difference(Path left, Path right) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment a = map(left, arena);
            MemorySegment b = map(right, arena);
            BitSet blocks = new BitSet();
            for (int block = 0; block < a.byteSize() / BYTES; block++) {
                long start = (long) block * BYTES;
                blocks.set(block, MemorySegment.mismatch(a, start, start + BYTES, b, start, start + BYTES) >= 0);
            }
            return blocks;
        }
    }

    /** Writes these blocks of an image to the same places of a volume, neighbours together. */
    static void write(NbdClient volume, Path image, BitSet blocks) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment bytes = map(image, arena);
            int start = blocks.nextSetBit(0);
            while (start >= 0) {
                int end = Math.min(blocks.nextClearBit(start), start + CHUNK_BYTES / BYTES);
                volume.write((long) start * BYTES, (long) (end - start) * BYTES, bytes, (long) start * BYTES);
                start = blocks.nextSetBit(end);
            }
        }
    }

    /**
     * Reads the part of a volume that an image covers and compares all of it.
     *
     * @throws CommandFailure naming the first wrong block
     */
    static void requireEqual(NbdClient volume, String name, Path image) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment expected = map(image, arena);
            MemorySegment chunk = arena.allocate(CHUNK_BYTES, BYTES);
            for (long at = 0; at < expected.byteSize(); at += CHUNK_BYTES) {
                long count = Math.min(CHUNK_BYTES, expected.byteSize() - at);
                volume.read(at, count, chunk, 0);
                long wrong = MemorySegment.mismatch(expected, at, at + count, chunk, 0, count);
                if (wrong >= 0) {
                    throw new CommandFailure(
                            ExitCode.FAILED,
                            "WRONG DATA: volume=" + name + ", offset=" + (at + wrong) + ", expected image=" + image);
                }
            }
        }
    }

    /** The blocks in which two volumes differ, within their first {@code length} bytes. */
    static BitSet difference(NbdClient left, NbdClient right, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(CHUNK_BYTES, BYTES);
            MemorySegment b = arena.allocate(CHUNK_BYTES, BYTES);
            BitSet blocks = new BitSet();
            for (long at = 0; at < length; at += CHUNK_BYTES) {
                long count = Math.min(CHUNK_BYTES, length - at);
                left.read(at, count, a, 0);
                right.read(at, count, b, 0);
                for (long start = 0; start < count; start += BYTES) {
                    if (MemorySegment.mismatch(a, start, start + BYTES, b, start, start + BYTES) >= 0) {
                        blocks.set((int) ((at + start) / BYTES));
                    }
                }
            }
            return blocks;
        }
    }

    /** Copies the first bytes of a volume into a file. */
    static void save(NbdClient volume, long length, Path file) throws IOException {
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(
                        file,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            MemorySegment chunk = arena.allocate(CHUNK_BYTES, BYTES);
            for (long at = 0; at < length; at += CHUNK_BYTES) {
                long count = Math.min(CHUNK_BYTES, length - at);
                volume.read(at, count, chunk, 0);
                var bytes = chunk.asSlice(0, count).asByteBuffer();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        }
    }

    private static MemorySegment map(Path image, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }
}
