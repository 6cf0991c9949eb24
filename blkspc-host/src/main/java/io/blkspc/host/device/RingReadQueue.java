package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.Transfer;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Reads of one file through a {@link ReadRing}. What the kernel says is believed only as far as it can be true. A read that came
 * short, or that the kernel would rather not do this way, is finished by {@link FileBlockDevice#read}.
 */
final class RingReadQueue implements ReadQueue {

    /**
     * So many reads are handed over together: the first ones are at the medium while the next ones are looked up. A medium that has
     * nothing to do gets the first one at once.
     */
    static final int BATCH = 4;

    private static final long WATCH = -1;

    private final FileBlockDevice device;
    private final PosixFile file;
    private final ReadRing ring;

    // By tag; a read is under way while it has memory.
    private final MemorySegment[] targets;
    private final long[] starts;
    private final long[] offsets;
    private final int[] lengths;
    private final IoRole[] roles;
    private final BlockSpaceException[] failures;
    private final Transfer rest = new Transfer();
    // Tags that are complete and were not polled, a ring.
    private final int[] done;
    private int doneFirst;
    private int doneCount;
    private int underWay;
    private BlockSpaceException failure;
    private boolean watching;
    private boolean ended;
    private boolean closed;

    /** Takes over the ring, which holds {@code depth} reads and a look; holds the file until it is closed. */
    RingReadQueue(FileBlockDevice device, PosixFile file, ReadRing ring, int depth) {
        this.device = device;
        this.file = file;
        this.ring = ring;
        this.targets = new MemorySegment[depth];
        this.starts = new long[depth];
        this.offsets = new long[depth];
        this.lengths = new int[depth];
        this.roles = new IoRole[depth];
        this.failures = new BlockSpaceException[depth];
        this.done = new int[depth];
        file.hold();
    }

    @Override
    public int alignBytes() {
        return DirectFile.BLOCK_BYTES;
    }

    @Override
    public void read(int tag, long deviceOffset, MemorySegment target, long start, int length, IoRole role) {
        if (targets[tag] != null || closed || length <= 0) {
            throw new IllegalArgumentException("tag=" + tag + ", length=" + length + ", closed=" + closed);
        }
        Objects.checkFromIndexSize(start, length, target.byteSize());
        long address = target.address() + start;
        if (((deviceOffset | length | address) & (DirectFile.BLOCK_BYTES - 1)) != 0 || !target.isNative()) {
            throw new IllegalArgumentException("not aligned: offset=" + deviceOffset + ", length=" + length);
        }
        targets[tag] = target;
        starts[tag] = start;
        offsets[tag] = deviceOffset;
        lengths[tag] = length;
        roles[tag] = role;
        underWay++;
        if (deviceOffset < 0 || deviceOffset > device.sizeBytes() - length || file.isClosed()) {
            finishHere(tag, 0); // tells what is wrong
            return;
        }
        ring.read(file.fd(), deviceOffset, address, length, tag);
        int queued = ring.queued();
        if (queued >= BATCH || queued == underWay) {
            ring.enter(0);
        }
    }

    @Override
    public void start() {
        ring.enter(0);
        harvest();
    }

    @Override
    public void await(int descriptor) {
        boolean watched = watching;
        harvest();
        boolean hasBytes = watched && !watching;
        if (hasBytes || doneCount > 0 || underWay == 0) {
            start();
            return;
        }
        if (descriptor >= 0 && !watching && !ended) {
            ring.watch(descriptor, WATCH);
            watching = true;
        }
        ring.enter(1); // hands over and waits in one call
        harvest();
    }

    private void harvest() {
        while (ring.next()) {
            long data = ring.userData();
            int result = ring.result();
            if (data == WATCH && watching) {
                watching = false;
                // From then on it would end every wait at once.
                ended = result < 0 || (result & ReadRing.POLL_ENDED) != 0;
            } else if (data >= 0 && data < targets.length && targets[(int) data] != null) {
                complete((int) data, result);
            } else {
                throw new IllegalStateException("the kernel completed what nobody asked for: userData=" + data);
            }
        }
    }

    private void complete(int tag, int result) {
        if (result == lengths[tag]) {
            finish(tag, null);
        } else if (result > lengths[tag]) {
            finish(tag, failure(tag, "more bytes than asked for: " + result));
        } else if (result >= 0 || wantsAnotherWay(-result)) {
            finishHere(tag, Math.max(0, result) & -DirectFile.BLOCK_BYTES);
        } else {
            finish(tag, failure(tag, Errno.name(-result)));
        }
    }

    private static boolean wantsAnotherWay(int errno) {
        return switch (errno) {
            case Errno.EINTR, Errno.EAGAIN, Errno.ENOMEM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.ECANCELED -> true;
            default -> false;
        };
    }

    private BlockSpaceException failure(int tag, String error) {
        return new BlockSpaceException(
                Code.IO,
                "read failed: error=" + error + ", file=" + file.path() + ", offset=" + offsets[tag] + ", length="
                        + lengths[tag] + ", role=" + roles[tag]);
    }

    /** Reads what is missing from {@code from} on, and waits for it. */
    private void finishHere(int tag, int from) {
        rest.reset(offsets[tag] + from);
        rest.add(targets[tag], starts[tag] + from, lengths[tag] - from);
        BlockSpaceException thrown = null;
        try {
            device.read(rest, roles[tag]);
        } catch (BlockSpaceException e) {
            thrown = e;
        } finally {
            rest.reset(0);
        }
        finish(tag, thrown);
    }

    private void finish(int tag, BlockSpaceException why) {
        targets[tag] = null;
        failures[tag] = why;
        underWay--;
        int last = doneFirst + doneCount++;
        done[last < done.length ? last : last - done.length] = tag;
    }

    @Override
    public int poll() {
        if (doneCount == 0) {
            return NONE;
        }
        int tag = done[doneFirst];
        doneFirst = doneFirst + 1 == done.length ? 0 : doneFirst + 1;
        doneCount--;
        failure = failures[tag];
        failures[tag] = null;
        return tag;
    }

    @Override
    public BlockSpaceException failure() {
        return failure;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        // The kernel writes into memory of others until the last one is complete.
        while (underWay > 0) {
            ring.enter(1);
            harvest();
            while (poll() != NONE) {
                failure = null;
            }
        }
        closed = true;
        ring.close();
        file.release();
    }
}
