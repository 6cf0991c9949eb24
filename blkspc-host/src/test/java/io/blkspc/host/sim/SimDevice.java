package io.blkspc.host.sim;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.UnforcedRanges;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One device of a {@link SimDisk}. Three states of its bytes: what readers see (the page cache), what is on the medium for
 * sure, and the ordered list of writes in between. Offsets and lengths of writes must be whole 512-byte sectors.
 *
 * <p>A force covers the writes that returned before it began, and takes effect at a later step. After a failed force or
 * write the device is failed as {@link BlockDevice} asks.
 */
public final class SimDevice implements BackingDevice {

    private static final int SECTOR = SectorImage.SECTOR_BYTES;

    final SimDisk disk;
    final int index;
    SectorImage visible;
    final SectorImage durable;
    final List<PendingWrite> pending = new ArrayList<>();
    private final String name;
    private long sizeBytes;
    private String failure;
    private boolean isClosed;

    SimDevice(SimDisk disk, int index, String name, long sizeBytes) {
        this(disk, index, name, sizeBytes, new SectorImage(sizeBytes), new SectorImage(sizeBytes));
    }

    SimDevice(SimDisk disk, int index, String name, long sizeBytes, SectorImage visible, SectorImage durable) {
        this.disk = disk;
        this.index = index;
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.visible = visible;
        this.durable = durable;
    }

    /** Name given at creation. */
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        checkOpenAndInside(transfer);
        Fault fault = disk.begin(this, role, IoOp.READ, transfer.deviceOffsetBytes(), transfer.totalBytes());
        if (fault != null) {
            long part = fault == Fault.SHORT ? disk.random().nextLong(transfer.totalBytes() + 1) : 0;
            copyOut(transfer, visible, part);
            throw failed(Code.IO, "read", fault, transfer, role);
        }
        copyOut(transfer, visible, transfer.totalBytes());
        disk.end("read done");
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        checkOpenAndInside(transfer);
        if (disk.random().nextInt(4) == 0) {
            return false;
        }
        copyOut(transfer, visible, transfer.totalBytes());
        return true;
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        checkOpenAndInside(transfer);
        if (transfer.deviceOffsetBytes() % SECTOR != 0 || transfer.totalBytes() % SECTOR != 0) {
            throw new IllegalArgumentException("write is not whole sectors: device=" + name + ", offset="
                    + transfer.deviceOffsetBytes() + ", length=" + transfer.totalBytes());
        }
        checkNotFailed("write");
        Fault fault = disk.begin(this, role, IoOp.WRITE, transfer.deviceOffsetBytes(), transfer.totalBytes());
        byte[] bytes = gather(transfer);
        disk.traceBytes(bytes);
        if (fault != null) {
            failWrite(fault, transfer, role, bytes);
        }
        long firstSector = transfer.deviceOffsetBytes() / SECTOR;
        int sectors = bytes.length / SECTOR;
        if (sectors > 1 && disk.tearsInFlight()) {
            int first = 1 + disk.random().nextInt(sectors - 1);
            PendingWrite head = apply(firstSector, Arrays.copyOf(bytes, first * SECTOR));
            endTorn(head);
            apply(firstSector + first, Arrays.copyOfRange(bytes, first * SECTOR, bytes.length)).returnedAt =
                    disk.nextSequence();
            head.returnedAt = disk.nextSequence();
        } else if (sectors > 0) {
            apply(firstSector, bytes).returnedAt = disk.nextSequence();
        }
        transfer.advance(bytes.length);
    }

    /** Something thrown here ends the call: from then on a force covers what it wrote. */
    private void endTorn(PendingWrite head) {
        boolean done = false;
        try {
            disk.end("write torn");
            done = true;
        } finally {
            if (!done) {
                head.returnedAt = disk.nextSequence();
            }
        }
    }

    private void failWrite(Fault fault, Transfer transfer, IoRole role, byte[] bytes) {
        int sectors = bytes.length / SECTOR;
        int done = disk.random().nextInt(fault == Fault.ENOSPC ? Math.max(1, sectors) : sectors + 1);
        if (done > 0) {
            PendingWrite part = apply(transfer.deviceOffsetBytes() / SECTOR, Arrays.copyOf(bytes, done * SECTOR));
            if (fault == Fault.ENOSPC) {
                part.returnedAt = disk.nextSequence();
            }
        }
        if (fault == Fault.ENOSPC) {
            throw failed(Code.OUT_OF_BACKING, "write", fault, transfer, role);
        }
        if (fault == Fault.SHORT) {
            transfer.advance((long) done * SECTOR);
        }
        BlockSpaceException e = failed(Code.IO, "write", fault, transfer, role);
        failure = e.getMessage();
        throw e;
    }

    private PendingWrite apply(long firstSector, byte[] bytes) {
        PendingWrite write = new PendingWrite(this, disk.nextSequence(), firstSector, bytes);
        visible.write(firstSector * SECTOR, bytes, 0, bytes.length);
        pending.add(write);
        return write;
    }

    @Override
    public boolean keepsSpace() {
        return disk.keepsSpace();
    }

    @Override
    public void force(IoRole role) {
        force(null, role);
    }

    /** Exactly these sectors, so that nobody relies on more. */
    @Override
    public void forceRanges(UnforcedRanges ranges, IoRole role) {
        force(Objects.requireNonNull(ranges), role);
    }

    private void force(UnforcedRanges ranges, IoRole role) {
        checkOpen();
        checkNotFailed("force");
        boolean isSome = ranges != null && ranges.count() > 0;
        long start = isSome ? ranges.startBytes(0) : 0;
        long length = isSome ? ranges.endBytes(ranges.count() - 1) - start : 0; // 0 of everything, too
        Fault fault = disk.begin(this, role, IoOp.FORCE, start, length);
        long began = disk.nextSequence();
        disk.forceRuns(this, role, length);
        if (fault != null) {
            failure = "force failed: error=" + fault + ", device=" + name + ", role=" + role;
            loseSome(began);
            throw new BlockSpaceException(Code.IO, failure);
        }
        // Someone else's force may have failed while this one ran.
        checkNotFailed("force");
        if (ranges == null) {
            makeDurable(began, 0, sizeBytes / SECTOR);
        }
        for (int i = 0; ranges != null && i < ranges.count(); i++) {
            makeDurable(began, ranges.startBytes(i) / SECTOR, ranges.endBytes(i) / SECTOR);
        }
        disk.end("force done");
    }

    private void makeDurable(long began, long firstSector, long endSector) {
        List<PendingWrite> left = new ArrayList<>();
        for (PendingWrite write : pending) {
            long from = Math.max(firstSector, write.firstSector);
            long to = Math.min(endSector, write.firstSector + write.sectorCount);
            boolean isCovered = write.returnedAt < began && from < to;
            if (isCovered) {
                write.applyTo(durable, from, to);
                left.forEach(older -> older.takeAway(from, to));
                write.takeAway(from, to);
            }
            if (!isCovered || !write.isGone()) {
                left.add(write);
            }
        }
        pending.clear();
        pending.addAll(left);
    }

    // What Linux does: pages it could not write are clean from then on, so they stay visible and never reach the
    // medium.
    private void loseSome(long began) {
        for (PendingWrite write : pending) {
            for (int s = 0; write.returnedAt < began && s < write.sectorCount; s++) {
                if (disk.random().nextBoolean()) {
                    write.lose(s);
                }
            }
        }
    }

    @Override
    public BlockDevice openMedium() {
        return new SimMedium(this);
    }

    /** As a device that was made larger: what somebody else left there is there now. */
    @Override
    public void grow(long newSizeBytes) {
        checkOpen();
        if (newSizeBytes <= sizeBytes) {
            return;
        }
        if (disk.begin(this, IoRole.DATA, IoOp.GROW, sizeBytes, newSizeBytes - sizeBytes) != null) {
            throw new BlockSpaceException(Code.OUT_OF_BACKING, "no room: device=" + name + ", size=" + newSizeBytes);
        }
        byte[] before = new byte[(int) (newSizeBytes - sizeBytes)];
        disk.random().nextBytes(before);
        for (SectorImage image : List.of(visible, durable)) {
            image.grow(newSizeBytes);
            image.write(sizeBytes, before, 0, before.length);
        }
        sizeBytes = newSizeBytes;
        disk.end("grown");
    }

    @Override
    public void ungrow(long oldSizeBytes) {
        sizeBytes = Math.min(sizeBytes, oldSizeBytes);
    }

    /** What a direct read finds: the kernel writes dirty pages out first, but pages a failed force lost are not dirty. */
    void readMedium(Transfer transfer, IoRole role) {
        checkInside(transfer);
        Fault fault = disk.begin(this, role, IoOp.READ, transfer.deviceOffsetBytes(), transfer.totalBytes());
        if (fault != null) {
            throw failed(Code.IO, "read of the medium", fault, transfer, role);
        }
        copyOut(transfer, medium(), transfer.totalBytes());
    }

    private SectorImage medium() {
        SectorImage medium = durable;
        if (!pending.isEmpty()) {
            medium = durable.copy();
            for (PendingWrite write : pending) {
                write.applyTo(medium);
            }
        }
        return medium;
    }

    /** What a failed force lost is clean, so it goes; what is dirty stays. */
    @Override
    public void dropCache() {
        visible = medium().copy();
    }

    /** Releases the handle: later calls report {@code CLOSED}. {@link SimDisk#reopen} gives a new one. */
    @Override
    public void close() {
        isClosed = true;
    }

    void reopen() {
        isClosed = false;
        failure = null;
    }

    /** {@code true} while some write is in no completed force. */
    public boolean hasUnforced() {
        return !pending.isEmpty();
    }

    /** {@code true} once a write or force failed. */
    public boolean isFailed() {
        return failure != null;
    }

    /** What readers see, without an IO. */
    public byte[] peek(long offsetBytes, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        visible.read(offsetBytes, bytes, 0, lengthBytes);
        return bytes;
    }

    /** Damages the medium and the cache alike. The sectors touched are then durable as they are. */
    public void poke(long offsetBytes, byte[] bytes) {
        visible.write(offsetBytes, bytes, 0, bytes.length);
        durable.write(offsetBytes, bytes, 0, bytes.length);
        long first = offsetBytes / SECTOR;
        int sectors = (int) ((offsetBytes + bytes.length + SECTOR - 1) / SECTOR - first);
        PendingWrite shadow = new PendingWrite(this, Long.MAX_VALUE, first, new byte[sectors * SECTOR]);
        for (int s = 0; s < sectors; s++) {
            byte[] now = new byte[SECTOR];
            visible.read((first + s) * SECTOR, now, 0, SECTOR);
            durable.write((first + s) * SECTOR, now, 0, SECTOR);
        }
        pending.forEach(write -> write.supersededBy(shadow));
    }

    /** Flips one bit of a byte, everywhere. */
    public void flipBit(long offsetBytes, int bit) {
        byte[] one = peek(offsetBytes, 1);
        one[0] ^= (byte) (1 << bit);
        poke(offsetBytes, one);
    }

    private static void copyOut(Transfer transfer, SectorImage from, long length) {
        long position = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count() && length > 0; i++) {
            int n = (int) Math.min(transfer.length(i), length);
            byte[] bytes = new byte[n];
            from.read(position, bytes, 0, n);
            MemorySegment.copy(bytes, 0, transfer.segment(i), JAVA_BYTE, transfer.start(i), n);
            position += n;
            length -= n;
            transfer.advance(n);
        }
    }

    private static byte[] gather(Transfer transfer) {
        byte[] bytes = new byte[Math.toIntExact(transfer.totalBytes())];
        int at = 0;
        for (int i = 0; i < transfer.count(); i++) {
            int n = (int) transfer.length(i);
            MemorySegment.copy(transfer.segment(i), JAVA_BYTE, transfer.start(i), bytes, at, n);
            at += n;
        }
        return bytes;
    }

    private void checkOpenAndInside(Transfer transfer) {
        checkOpen();
        checkInside(transfer);
    }

    private void checkOpen() {
        if (isClosed) {
            throw new BlockSpaceException(Code.CLOSED, "device is closed: device=" + name);
        }
    }

    private void checkInside(Transfer transfer) {
        long offset = transfer.deviceOffsetBytes();
        if (offset < 0 || offset > sizeBytes || transfer.totalBytes() > sizeBytes - offset) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "beyond the end of the device: device=" + name + ", offset=" + offset + ", length="
                            + transfer.totalBytes() + ", size=" + sizeBytes);
        }
    }

    private void checkNotFailed(String what) {
        if (failure != null) {
            throw new BlockSpaceException(Code.FAILED, what + " refused, device has failed: cause=[" + failure + "]");
        }
    }

    private BlockSpaceException failed(Code code, String what, Fault fault, Transfer transfer, IoRole role) {
        return new BlockSpaceException(
                code,
                what + " failed: error=" + fault + ", device=" + name + ", offset=" + transfer.deviceOffsetBytes()
                        + ", length=" + transfer.totalBytes() + ", done=" + transfer.progressBytes() + ", role="
                        + role);
    }

    @Override
    public String toString() {
        return "device " + name;
    }
}
