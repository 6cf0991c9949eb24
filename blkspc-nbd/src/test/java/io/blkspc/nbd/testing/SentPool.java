package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Pool;
import io.blkspc.api.SendingDevice;
import io.blkspc.api.Transfer;
import io.blkspc.nbd.service.PoolExports;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The exports of a pool whose device sends: counts what it sends and the leases that are held, and may send less than it could. */
public final class SentPool extends ForwardingExports {

    /** Bytes that the device put into sockets, heads included. */
    public final AtomicLong sent = new AtomicLong();

    /** Read leases held now, over all exports. */
    public final AtomicInteger leases = new AtomicInteger();

    /** To count a lease takes an object. */
    public volatile boolean countsLeases = true;

    /** Most bytes of one run that are sent before it is refused. */
    public volatile long mostOfARun = Long.MAX_VALUE;

    /** The device cannot be read. */
    public volatile boolean isBroken;

    public SentPool(Pool pool) {
        super(new PoolExports(pool));
    }

    @Override
    public BlockSpace open(String name) {
        BlockSpace space = super.open(name);
        SendingDevice device = new Sending((SendingDevice) space.device());
        return new CountedLeases(space, leases) {
            @Override
            public BlockDevice device() {
                return device;
            }

            @Override
            public Lease readLease() {
                return countsLeases ? super.readLease() : space.readLease();
            }
        };
    }

    private final class Sending implements SendingDevice {

        private final SendingDevice device;
        private long ofThisRun;

        Sending(SendingDevice device) {
            this.device = device;
        }

        @Override
        public boolean sends() {
            return device.sends();
        }

        @Override
        public boolean canSend(long deviceOffsetBytes, long lengthBytes) {
            ofThisRun = 0;
            return device.canSend(deviceOffsetBytes, lengthBytes);
        }

        @Override
        public long send(int descriptor, long headAddress, long headBytes, long deviceOffsetBytes, long lengthBytes) {
            long most = mostOfARun - ofThisRun;
            if (most <= headBytes) {
                return REFUSED;
            }
            long moved = device.send(
                    descriptor, headAddress, headBytes, deviceOffsetBytes, Math.min(lengthBytes, most - headBytes));
            if (moved > 0) {
                ofThisRun += moved;
                sent.addAndGet(moved);
            }
            return moved;
        }

        @Override
        public long sizeBytes() {
            return device.sizeBytes();
        }

        @Override
        public void read(Transfer transfer, IoRole role) {
            if (isBroken) {
                throw new BlockSpaceException(BlockSpaceException.Code.IO, "broken for a test");
            }
            device.read(transfer, role);
        }

        @Override
        public boolean readCached(Transfer transfer, IoRole role) {
            return !isBroken && device.readCached(transfer, role);
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            device.write(transfer, role);
        }

        @Override
        public void force(IoRole role) {
            device.force(role);
        }

        @Override
        public void close() {}
    }
}
