package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import java.util.Arrays;

/** A {@link SparseDevice} that counts what is read, and how often each sector was. One thread. */
final class CountingDevice implements BackingDevice {

    private static final int SECTOR = 512;

    private final SparseDevice device;
    private final byte[] readsOfSector;
    private long reads;
    private long bytesRead;
    private boolean stopsAtWrite;
    private boolean stopped;

    CountingDevice(long sizeBytes) {
        device = new SparseDevice(sizeBytes);
        readsOfSector = new byte[Math.toIntExact(sizeBytes / SECTOR)];
    }

    /** Counts begin again, until somebody says otherwise. */
    void forgetCounts() {
        Arrays.fill(readsOfSector, (byte) 0);
        reads = 0;
        bytesRead = 0;
        stopsAtWrite = false;
        stopped = false;
    }

    /** From the first write on nothing is counted. */
    void countUntilFirstWrite() {
        stopsAtWrite = true;
    }

    long reads() {
        return reads;
    }

    long bytesRead() {
        return bytesRead;
    }

    int mostReadsOfOneSector() {
        int most = 0;
        for (byte count : readsOfSector) {
            most = Math.max(most, count);
        }
        return most;
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        if (!stopped) {
            long begin = transfer.deviceOffsetBytes();
            long end = begin + transfer.totalBytes();
            reads++;
            bytesRead += end - begin;
            for (long sector = begin / SECTOR; sector * SECTOR < end; sector++) {
                readsOfSector[(int) sector]++;
            }
        }
        device.read(transfer, role);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        stopped |= stopsAtWrite;
        device.write(transfer, role);
    }

    @Override
    public void force(IoRole role) {
        device.force(role);
    }

    @Override
    public BlockDevice openMedium() {
        return this;
    }

    @Override
    public void close() {}
}
