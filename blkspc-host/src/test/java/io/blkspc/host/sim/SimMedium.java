package io.blkspc.host.sim;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;

/** The read-only view of a device that shows the medium. */
record SimMedium(SimDevice device) implements BlockDevice {

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        device.readMedium(transfer, role);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        throw new BlockSpaceException(Code.READ_ONLY, "this view only reads the medium: " + device);
    }

    @Override
    public void force(IoRole role) {
        throw new BlockSpaceException(Code.READ_ONLY, "this view only reads the medium: " + device);
    }

    @Override
    public void close() {}
}
