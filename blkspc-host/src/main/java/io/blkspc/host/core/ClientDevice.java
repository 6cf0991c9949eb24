package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.QueuedDevice;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.SendingDevice;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.UnreadableBlockException;

/**
 * The data device as clients see it: a write that the medium failed ends all writing of the pool (contract D12), though the
 * engine has no part in it. A backing store without room fails that one write only (D10).
 */
final class ClientDevice implements QueuedDevice, SendingDevice {

    private final Engine engine;
    private final BlockDevice device;

    ClientDevice(Engine engine, BlockDevice device) {
        this.engine = engine;
        this.device = device;
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        try {
            device.read(transfer, role);
        } catch (BlockSpaceException e) {
            engine.readErrors.add(e);
            throw e;
        }
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        return device.readCached(transfer, role);
    }

    @Override
    public ReadQueue openReadQueue(int depth) {
        ReadQueue queue = device instanceof QueuedDevice queued ? queued.openReadQueue(depth) : null;
        return queue == null ? null : new CountedReads(queue, engine.readErrors);
    }

    @Override
    public boolean sends() {
        return device instanceof SendingDevice sending && sending.sends();
    }

    @Override
    public boolean canSend(long deviceOffsetBytes, long lengthBytes) {
        return device instanceof SendingDevice sending && sending.canSend(deviceOffsetBytes, lengthBytes);
    }

    @Override
    public long send(int descriptor, long headAddress, long headBytes, long deviceOffsetBytes, long lengthBytes) {
        return device instanceof SendingDevice sending
                ? sending.send(descriptor, headAddress, headBytes, deviceOffsetBytes, lengthBytes)
                : REFUSED;
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        try {
            device.write(transfer, role);
            engine.backing.written(transfer.deviceOffsetBytes(), transfer.totalBytes());
        } catch (UnreadableBlockException e) {
            engine.readErrors.add(e);
            throw e; // of a read: nothing was written (D11)
        } catch (BlockSpaceException e) {
            if (e.code() == Code.IO || e.code() == Code.FAILED) {
                engine.fail(e);
            } else if (e.code() == Code.OUT_OF_BACKING) {
                engine.backing.refused(transfer.deviceOffsetBytes() + transfer.progressBytes());
            }
            throw e;
        }
    }

    /** Clients flush their space instead. */
    @Override
    public void force(IoRole role) {
        device.force(role);
    }

    /** The pool closes its device. */
    @Override
    public void close() {}
}
