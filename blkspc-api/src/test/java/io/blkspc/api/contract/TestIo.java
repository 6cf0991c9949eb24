package io.blkspc.api.contract;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The simplest correct client: reads and writes any bytes of a space, one mapping at a time, looping over short mappings
 * and BUSY. For tests; slow and allocating. Safe for use by several threads, each with buffers of its own.
 */
public final class TestIo {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private final BlockSpace space;

    /** A writable answer of allocate whose data was written but not committed. */
    public record Staged(
            Allocation kind, long offset, long length, long device, long source, boolean shared, CommitBatch batch) {}

    /** A client of this handle; does not close it. */
    public TestIo(BlockSpace space) {
        this.space = space;
    }

    /** Reads {@code count} bytes at {@code offset}. */
    public byte[] read(long offset, int count) {
        byte[] bytes = new byte[count];
        Mapping mapping = new Mapping();
        int done = 0;
        while (done < count) {
            try (Lease _ = space.readLease()) {
                space.map(offset + done, count - done, mapping);
                readMapped(mapping, bytes, done);
            }
            done += (int) mapping.lengthBytes();
        }
        return bytes;
    }

    /** Reads at {@code offset} what one mapping names of it, at most all of {@code target}, and returns its length. */
    public int readOneMapping(long offset, byte[] target) {
        Mapping mapping = new Mapping();
        Arrays.fill(target, (byte) 0);
        try (Lease _ = space.readLease()) {
            space.map(offset, target.length, mapping);
            readMapped(mapping, target, 0);
        }
        return (int) mapping.lengthBytes();
    }

    /** Reads what one mapping names; call inside the lease it was made in. */
    public void readMapped(Mapping mapping, byte[] target, int start) {
        if (mapping.state() == MappingState.WRITTEN) {
            readDevice(mapping.deviceOffsetBytes(), target, start, (int) mapping.lengthBytes(), IoRole.DATA);
        } // else the array holds zeros
    }

    /** Writes with a cookie of its own, with one credit for each block. */
    public void write(long offset, byte[] bytes) {
        long blocks = (Geometry.alignUp(offset + bytes.length) - Geometry.alignDown(offset)) / BLOCK;
        Cookie cookie = space.reserve((int) blocks, BLOCK);
        try {
            write(cookie, offset, bytes);
        } finally {
            cookie.put();
        }
    }

    /** Writes from a cookie's credit; {@code IllegalStateException} when that ends. */
    public void write(Cookie cookie, long offset, byte[] bytes) {
        int done = 0;
        while (done < bytes.length) {
            done += writeSome(cookie, offset + done, bytes, done);
        }
    }

    /** Writes what one allocate grants and returns the bytes of it that were asked for. */
    private int writeSome(Cookie cookie, long offset, byte[] bytes, int from) {
        long first = Geometry.alignDown(offset);
        long end = Geometry.alignUp(offset + bytes.length - from);
        Mapping mapping = new Mapping();
        CommitBatch batch = null;
        Allocation kind;
        try (Lease _ = space.writeLease()) {
            kind = space.allocate(cookie, first, end - first, mapping);
            if (kind.isWritable()) {
                batch = writeMapped(kind, mapping, offset, bytes, from);
            }
        }
        if (kind == Allocation.NO_CREDIT) {
            throw new IllegalStateException("the test reserved too little: offset=" + offset);
        }
        if (kind == Allocation.BUSY) {
            space.awaitUnstaged(first, PATIENCE_NANOS);
            return 0;
        }
        if (kind.commitType() != null) {
            space.commit(cookie, kind.commitType(), batch);
        }
        return (int) Math.min(bytes.length - from, mapping.endOffsetBytes() - offset);
    }

    /** Allocates, looping over BUSY, and writes whole blocks without committing, as far as one answer goes. */
    public Staged stage(Cookie cookie, long offset, byte[] bytes) {
        Mapping mapping = new Mapping();
        while (true) {
            try (Lease _ = space.writeLease()) {
                Allocation kind = space.allocate(cookie, offset, bytes.length, mapping);
                if (kind == Allocation.NO_CREDIT) {
                    throw new IllegalStateException("the test reserved too little: offset=" + offset);
                }
                if (kind.isWritable()) {
                    byte[] part = Arrays.copyOf(bytes, (int) mapping.lengthBytes());
                    return new Staged(
                            kind,
                            mapping.offsetBytes(),
                            mapping.lengthBytes(),
                            mapping.deviceOffsetBytes(),
                            mapping.sourceDeviceOffsetBytes(),
                            mapping.shared(),
                            writeMapped(kind, mapping, offset, part, 0));
                }
            }
            space.awaitUnstaged(offset, PATIENCE_NANOS);
        }
    }

    /** Stages all of {@code bytes}, in as many answers as it takes. */
    public List<Staged> stageAll(Cookie cookie, long offset, byte[] bytes) {
        List<Staged> all = new ArrayList<>();
        for (int done = 0; done < bytes.length; ) {
            all.add(stage(cookie, offset + done, Arrays.copyOfRange(bytes, done, bytes.length)));
            done += (int) all.getLast().length();
        }
        return all;
    }

    /** Commits what {@link #stage} staged; nothing to do when it was written in place. */
    public void commit(Cookie cookie, Staged staged) {
        if (staged.kind().commitType() != null) {
            space.commit(cookie, staged.kind().commitType(), staged.batch());
        }
    }

    /** Allocates a range of whole blocks and writes nothing. */
    public void allocateOnly(Cookie cookie, long offset, long count) {
        Mapping mapping = new Mapping();
        for (long at = offset; at < offset + count; ) {
            Allocation kind;
            try (Lease _ = space.writeLease()) {
                kind = space.allocate(cookie, at, offset + count - at, mapping);
            }
            if (kind == Allocation.BUSY) {
                space.awaitUnstaged(at, PATIENCE_NANOS);
            } else if (kind == Allocation.NO_CREDIT) {
                throw new IllegalStateException("the test reserved too little: offset=" + at);
            } else {
                at = mapping.endOffsetBytes();
            }
        }
    }

    /**
     * Does the data IO of a writable allocation: bytes in place, or whole blocks completed from the source or with zeros.
     *
     * @param offset first byte to write, inside the first block of the mapping
     * @param from where its byte is in {@code bytes}
     * @return what to commit; empty after a write in place
     */
    public CommitBatch writeMapped(Allocation kind, Mapping mapping, long offset, byte[] bytes, int from) {
        int count = (int) Math.min(bytes.length - from, mapping.endOffsetBytes() - offset);
        int skip = (int) (offset - mapping.offsetBytes());
        CommitBatch batch = new CommitBatch();
        if (kind == Allocation.IN_PLACE) {
            byte[] part = new byte[count];
            System.arraycopy(bytes, from, part, 0, count);
            writeDevice(mapping.deviceOffsetBytes() + skip, part);
            return batch;
        }
        byte[] whole = new byte[(int) mapping.lengthBytes()];
        if (kind == Allocation.COW) {
            readDevice(mapping.sourceDeviceOffsetBytes(), whole, 0, whole.length, IoRole.COW_READ);
        }
        System.arraycopy(bytes, from, whole, skip, count);
        writeDevice(mapping.deviceOffsetBytes(), whole);
        addRanges(batch, mapping.offsetBytes(), whole);
        return batch;
    }

    /** Adds ranges of at most 1 MiB with their checksums. */
    public static void addRanges(CommitBatch batch, long offset, byte[] whole) {
        for (int at = 0; at < whole.length; at += Geometry.MAX_WINDOW_BYTES) {
            int length = Math.min(whole.length - at, Geometry.MAX_WINDOW_BYTES);
            DataChecksum checksum = new DataChecksum().update(ByteBuffer.wrap(whole, at, length));
            batch.add(offset + at, length, checksum.value());
        }
    }

    /** Writes bytes at a device address. */
    public void writeDevice(long deviceOffset, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocateFrom(JAVA_BYTE, bytes);
            space.device().write(new Transfer().reset(deviceOffset).add(buffer, 0, bytes.length), IoRole.DATA);
        }
    }

    /** Reads bytes at a device address. */
    public void readDevice(long deviceOffset, byte[] target, int start, int count, IoRole role) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(count);
            space.device().read(new Transfer().reset(deviceOffset).add(buffer, 0, count), role);
            MemorySegment.copy(buffer, JAVA_BYTE, 0, target, start, count);
        }
    }

    /** The code a call fails with; {@code null} when it does not. */
    public static BlockSpaceException.Code codeOf(Runnable call) {
        try {
            call.run();
            return null;
        } catch (BlockSpaceException e) {
            return e.code();
        }
    }
}
