package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;

/** A device of checkpoints, whose writes wait where the backing store has no room: the rest is written when there is. */
record PatientDevice(BackingDevice device, Backing backing) implements BackingDevice {

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        device.read(transfer, role);
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        return device.readCached(transfer, role);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        for (int looks = 0; ; looks++) {
            try {
                device.write(transfer, role);
                if (looks > 0) {
                    backing.waitEnded();
                }
                return;
            } catch (BlockSpaceException e) {
                if (e.code() != Code.OUT_OF_BACKING || !backing.awaitRoom(looks)) {
                    backing.waitEnded();
                    throw e;
                }
            }
        }
    }

    @Override
    public void force(IoRole role) {
        device.force(role);
    }

    @Override
    public BlockDevice openMedium() {
        return device.openMedium();
    }

    @Override
    public void dropCache() {
        device.dropCache();
    }

    @Override
    public boolean keepsSpace() {
        return device.keepsSpace();
    }

    @Override
    public void grow(long newSizeBytes) {
        device.grow(newSizeBytes);
    }

    @Override
    public void ungrow(long oldSizeBytes) {
        device.ungrow(oldSizeBytes);
    }

    @Override
    public void close() {
        device.close();
    }
}
