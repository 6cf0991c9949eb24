package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.SendingDevice;
import io.blkspc.api.Transfer;

/**
 * Runs of data that go from the device to a socket. The read lease lasts until every byte was copied, into the socket or into the
 * memory of the sink: after that the blocks may be another volume's (SEMANTICS S9). One thread; allocates nothing.
 */
final class SpaceSends {

    private final BlockSpace space;
    private final ExtentCache extents;
    private final SendingDevice device;
    private final Transfer rest = new Transfer();

    SpaceSends(BlockSpace space, ExtentCache extents) {
        this.space = space;
        this.extents = extents;
        this.device = space.device() instanceof SendingDevice sending && sending.sends() ? sending : null;
    }

    /** {@code false} when the device never can. */
    boolean isPossible() {
        return device != null;
    }

    /** As {@link SpaceIo#sendRun}. */
    long send(long offset, long length, boolean whole, RunSink sink) {
        if (device == null) {
            return 0;
        }
        try (Lease _ = space.readLease()) {
            long run = extents.find(offset, length);
            long from = extents.deviceOffset();
            if (from == Mapping.NO_DEVICE_OFFSET) {
                return 0;
            }
            run += following(offset + run, length - run, from + run);
            if ((whole && run < length) || run < SpaceIo.MIN_SENT_BYTES || !device.canSend(from, run)) {
                return 0;
            }
            return send(from, run, sink) ? run : 0;
        } finally {
            rest.reset(0);
        }
    }

    /** How many bytes at {@code offset} lie on the device from {@code from} on. */
    private long following(long offset, long length, long from) {
        long done = 0;
        while (done < length) {
            long count = extents.find(offset + done, length - done);
            if (extents.deviceOffset() != from + done) {
                break;
            }
            done += count;
        }
        return done;
    }

    private boolean send(long from, long run, RunSink sink) {
        int head = sink.headBytes();
        long sent = 0;
        sink.head(run);
        do {
            long headLeft = Math.max(0, head - sent);
            long skip = Math.max(0, sent - head);
            long address = sink.memory().address() + head - headLeft;
            long moved = device.send(sink.descriptor(), address, headLeft, from + skip, run - skip);
            if (moved == SendingDevice.REFUSED) {
                break;
            }
            sent += moved;
            sink.sent(moved);
        } while (sent < head + run && sink.awaitRoom());
        if (sent > 0 && sent < head + run) {
            long skip = Math.max(0, sent - head);
            rest.reset(from + skip).add(sink.memory(), head + skip, run - skip);
            device.read(rest, IoRole.DATA);
        }
        return sent > 0;
    }
}
