package io.blkspc.host.device;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;

/** Reads of another device, and a refusal for everything else. */
final class ReadOnlyDevice implements BackingDevice {

    private final BackingDevice device;

    ReadOnlyDevice(BackingDevice device) {
        this.device = device;
    }

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
        throw new BlockSpaceException(Code.READ_ONLY, "device is open for reading only: " + device);
    }

    @Override
    public void force(IoRole role) {
        throw new BlockSpaceException(Code.READ_ONLY, "device is open for reading only: " + device);
    }

    @Override
    public BlockDevice openMedium() {
        return device.openMedium();
    }

    @Override
    public void close() {
        device.close();
    }
}
