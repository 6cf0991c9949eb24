package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.alloc.FreeSpace;

/**
 * The data of a pool that is only read, without the blocks that a record past the damage names: they were written for somebody
 * else, so the maps from before the damage are wrong about them. A read of one fails; nothing can be written.
 *
 * @param reused those blocks are in use in it; {@code null} when there are none
 * @param errors counts what could not be read
 */
record IntactBlocks(BlockDevice device, FreeSpace reused, ReadErrors errors) implements BlockDevice {

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        try {
            check(transfer);
            device.read(transfer, role);
        } catch (BlockSpaceException e) {
            errors.add(e);
            throw e;
        }
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        check(transfer);
        return device.readCached(transfer, role);
    }

    private void check(Transfer transfer) {
        if (reused == null) {
            return;
        }
        long end = transfer.deviceOffsetBytes() + transfer.totalBytes();
        for (long at = transfer.deviceOffsetBytes() & -Geometry.BLOCK_BYTES; at < end; at += Geometry.BLOCK_BYTES) {
            long block = at >>> Geometry.BLOCK_SHIFT;
            if (block >= 0 && block < reused.blockCount() && reused.isUsed(block)) {
                throw new BlockSpaceException(
                        Code.IO, "block was given away by a record past the damage of the journal: offset=" + at);
            }
        }
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        throw PoolView.refusal();
    }

    @Override
    public void force(IoRole role) {
        throw PoolView.refusal();
    }

    /** The pool closes its device. */
    @Override
    public void close() {}
}
