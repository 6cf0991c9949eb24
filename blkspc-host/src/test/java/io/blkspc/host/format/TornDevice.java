package io.blkspc.host.format;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A device in memory that remembers every sector version since the last force, and can stop dead at a chosen IO: what is
 * on the medium then is decided by {@link #cut}.
 */
public final class TornDevice implements BlockDevice {

    private static final int SECTOR = 512;

    private final byte[] cache;
    private final byte[] medium;
    private final TreeMap<Integer, List<byte[]>> unforced = new TreeMap<>();
    private int actions;
    private int stopAt = Integer.MAX_VALUE;
    private long writtenBytes;
    private long readBytes;

    /** A device of zeros. */
    public TornDevice(int bytes) {
        this(new byte[bytes]);
    }

    private TornDevice(byte[] content) {
        cache = content.clone();
        medium = content.clone();
    }

    /** Thrown where the power went. */
    public static final class PowerCut extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A device on which everything written so far is durable. */
    public static TornDevice of(byte[] content) {
        return new TornDevice(content);
    }

    /** Lets {@code count} more writes and forces begin; the one after that stops the device, half done. */
    public TornDevice stopAfter(int count) {
        stopAt = actions + count;
        return this;
    }

    /** Writes and forces so far. */
    public int actions() {
        return actions;
    }

    /** Bytes written so far. */
    public long writtenBytes() {
        return writtenBytes;
    }

    /** Bytes read so far. */
    public long readBytes() {
        return readBytes;
    }

    /** What a reader sees now: changing it changes the device, cache and medium. */
    public void flipBit(long bit) {
        int at = (int) (bit >>> 3);
        cache[at] ^= (byte) (1 << (bit & 7));
        medium[at] = cache[at];
    }

    /** Everything written, as if forced. */
    public byte[] content() {
        return cache.clone();
    }

    /**
     * The device after a power cut: each unforced sector is as before or one of its later versions.
     *
     * @param keep probability of a later version
     */
    public TornDevice cut(Random random, double keep) {
        byte[] after = medium.clone();
        unforced.forEach((sector, versions) -> {
            if (random.nextDouble() < keep) {
                int pick = random.nextInt(10) < 6 ? versions.size() - 1 : random.nextInt(versions.size());
                System.arraycopy(versions.get(pick), 0, after, sector * SECTOR, SECTOR);
            }
        });
        return new TornDevice(after);
    }

    /** Sectors written since the last force. */
    public int unforcedSectors() {
        return unforced.size();
    }

    @Override
    public long sizeBytes() {
        return cache.length;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        check(transfer);
        long at = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            MemorySegment.copy(cache, (int) at, transfer.segment(i), ValueLayout.JAVA_BYTE, transfer.start(i), (int)
                    transfer.length(i));
            at += transfer.length(i);
        }
        readBytes += transfer.totalBytes();
        transfer.advance(transfer.totalBytes());
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        check(transfer);
        if (transfer.deviceOffsetBytes() % SECTOR != 0 || transfer.totalBytes() % SECTOR != 0) {
            throw new IllegalArgumentException("write is not aligned: offset=" + transfer.deviceOffsetBytes()
                    + ", bytes=" + transfer.totalBytes());
        }
        boolean stops = actions++ >= stopAt;
        long at = transfer.deviceOffsetBytes();
        for (int i = 0; i < transfer.count(); i++) {
            MemorySegment.copy(transfer.segment(i), ValueLayout.JAVA_BYTE, transfer.start(i), cache, (int) at, (int)
                    transfer.length(i));
            at += transfer.length(i);
        }
        for (long s = transfer.deviceOffsetBytes(); s < at; s += SECTOR) {
            unforced.computeIfAbsent((int) (s / SECTOR), key -> new ArrayList<>())
                    .add(Arrays.copyOfRange(cache, (int) s, (int) s + SECTOR));
        }
        if (stops) {
            throw new PowerCut();
        }
        writtenBytes += transfer.totalBytes();
        transfer.advance(transfer.totalBytes());
    }

    @Override
    public void force(IoRole role) {
        if (actions++ >= stopAt) {
            throw new PowerCut();
        }
        System.arraycopy(cache, 0, medium, 0, cache.length);
        unforced.clear();
    }

    @Override
    public void close() {}

    private void check(Transfer transfer) {
        if (transfer.deviceOffsetBytes() < 0 || transfer.deviceOffsetBytes() + transfer.totalBytes() > cache.length) {
            throw new BlockSpaceException(
                    BlockSpaceException.Code.OUT_OF_RANGE, "outside the device: " + transfer.deviceOffsetBytes());
        }
    }
}
