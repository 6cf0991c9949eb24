package io.blkspc.cli.image;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** Copies raw images between volumes and files or streams. Blocks of zeros are not written where a hole does as well. */
public final class ImageCopy {

    /** How far a copy got. */
    public interface Listener {
        /** {@code doneBytes} of {@code totalBytes} are copied. */
        void at(long doneBytes, long totalBytes);
    }

    /**
     * What a copy did.
     *
     * @param imageBytes bytes of the image
     * @param dataBytes bytes that were written, because they are not a hole
     */
    public record Result(long imageBytes, long dataBytes) {}

    private static final int CHUNK_BYTES = 1 << 20;
    private static final int BLOCK_BYTES = 4096;

    private ImageCopy() {}

    /**
     * Copies a stream into an empty volume, to the end of the stream, and makes it durable.
     *
     * @throws IOException when the stream fails, or holds more than the volume
     */
    public static Result fill(VolumeBytes volume, ReadableByteChannel source, long expectedBytes, Listener listener)
            throws IOException {
        long size = volume.sizeBytes();
        long at = 0;
        long written = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chunk = arena.allocate(CHUNK_BYTES, BLOCK_BYTES);
            ByteBuffer view = chunk.asByteBuffer();
            while (true) {
                int count = readFully(source, view.clear());
                if (count > size - at) {
                    throw new IOException("the image is larger than the volume: volume_size=" + size);
                }
                written += writeData(volume, at, count, chunk);
                at += count;
                listener.at(at, expectedBytes);
                if (count < CHUNK_BYTES) {
                    break;
                }
            }
        }
        volume.flush();
        return new Result(at, written);
    }

    /** Writes the runs of blocks of a chunk that are not all zeros. */
    private static long writeData(VolumeBytes volume, long at, int count, MemorySegment chunk) {
        long written = 0;
        int start = 0;
        while (start < count) {
            boolean isZero = isZero(chunk, start, count);
            int end = Math.min(count, start + BLOCK_BYTES);
            while (end < count && isZero(chunk, end, count) == isZero) {
                end = Math.min(count, end + BLOCK_BYTES);
            }
            if (!isZero) {
                volume.write(at + start, end - start, chunk, start);
                written += end - start;
            }
            start = end;
        }
        return written;
    }

    private static boolean isZero(MemorySegment chunk, int start, int count) {
        int end = Math.min(count, start + BLOCK_BYTES);
        // A block of zeros equals itself moved by one byte and begins with zero.
        return chunk.get(java.lang.foreign.ValueLayout.JAVA_BYTE, start) == 0
                && MemorySegment.mismatch(chunk, start, end - 1, chunk, start + 1, end) < 0;
    }

    private static int readFully(ReadableByteChannel source, ByteBuffer target) throws IOException {
        while (target.hasRemaining() && source.read(target) >= 0) {}
        return target.position();
    }

    /** Copies a volume into a new, empty file, with holes, and forces it. */
    public static Result toFile(VolumeBytes volume, FileChannel file, Listener listener) throws IOException {
        long size = volume.sizeBytes();
        Result result = each(volume, listener, (offset, bytes) -> {
            while (bytes.hasRemaining()) {
                file.write(bytes, offset + bytes.position());
            }
        });
        if (file.size() < size) {
            file.write(ByteBuffer.allocate(1), size - 1);
        }
        file.force(true);
        return result;
    }

    /** Copies a volume over a file that keeps its size, such as a device, or into a stream: holes are written as zeros. */
    public static Result toStream(VolumeBytes volume, WritableByteChannel stream, Listener listener)
            throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
        long[] at = new long[1];
        Result result = each(volume, listener, (offset, bytes) -> {
            writeZeros(stream, zeros, offset - at[0]);
            at[0] = offset + bytes.remaining();
            writeFully(stream, bytes);
        });
        writeZeros(stream, zeros, volume.sizeBytes() - at[0]);
        return result;
    }

    private interface DataSink {
        void write(long offset, ByteBuffer bytes) throws IOException;
    }

    private static Result each(VolumeBytes volume, Listener listener, DataSink sink) throws IOException {
        long size = volume.sizeBytes();
        long data = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chunk = arena.allocate(CHUNK_BYTES, BLOCK_BYTES);
            long at = 0;
            while (at < size) {
                long run = volume.readRun(at, Math.min(CHUNK_BYTES, size - at), chunk);
                if (run == 0) {
                    throw new EOFException("volume ended early: offset=" + at + ", size=" + size);
                }
                if (run > 0) {
                    sink.write(at, chunk.asSlice(0, run).asByteBuffer());
                    data += run;
                }
                at += Math.abs(run);
                listener.at(at, size);
            }
        }
        return new Result(size, data);
    }

    private static void writeZeros(WritableByteChannel stream, ByteBuffer zeros, long count) throws IOException {
        for (long left = count; left > 0; left -= zeros.limit()) {
            writeFully(stream, zeros.clear().limit((int) Math.min(zeros.capacity(), left)));
        }
    }

    private static void writeFully(WritableByteChannel stream, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            stream.write(bytes);
        }
    }
}
