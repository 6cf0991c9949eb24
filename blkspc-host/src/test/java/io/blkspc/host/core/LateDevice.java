package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.QueuedDevice;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.Transfer;
import io.blkspc.host.device.BackingDevice;
import java.lang.foreign.MemorySegment;

/** A device that queues reads and looks at its bytes only when it completes them: late, the newest first. */
record LateDevice(BackingDevice below) implements BackingDevice, QueuedDevice {

    private static final class Queue implements ReadQueue {

        private final BlockDevice below;
        private final Transfer[] waiting;
        private final int[] tags;
        private int count;
        private BlockSpaceException failure;

        Queue(BlockDevice below, int depth) {
            this.below = below;
            this.waiting = new Transfer[depth];
            this.tags = new int[depth];
        }

        @Override
        public int alignBytes() {
            return 1;
        }

        @Override
        public void read(int tag, long offset, MemorySegment target, long start, int length, IoRole role) {
            waiting[count] = new Transfer().reset(offset).add(target, start, length);
            tags[count++] = tag;
        }

        @Override
        public void start() {}

        @Override
        public void await(int descriptor) {
            Thread.onSpinWait();
        }

        @Override
        public int poll() {
            if (count == 0) {
                return NONE;
            }
            failure = null;
            try {
                below.read(waiting[--count], IoRole.DATA);
            } catch (BlockSpaceException e) {
                failure = e;
            }
            return tags[count];
        }

        @Override
        public BlockSpaceException failure() {
            return failure;
        }

        @Override
        public void close() {
            count = 0;
        }
    }

    @Override
    public ReadQueue openReadQueue(int depth) {
        return new Queue(below, depth);
    }

    @Override
    public long sizeBytes() {
        return below.sizeBytes();
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        below.read(transfer, role);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        below.write(transfer, role);
    }

    @Override
    public void force(IoRole role) {
        below.force(role);
    }

    @Override
    public BlockDevice openMedium() {
        return below.openMedium();
    }

    @Override
    public void close() {
        below.close();
    }
}
