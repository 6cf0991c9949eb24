package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.ReadQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether reads of one direct file can be queued, decided once by doing one: kernels are built without io_uring, told to refuse it
 * ({@code kernel.io_uring_disabled}), and containers filter it. Any thread.
 */
final class QueuedReading {

    private static final Logger log = LoggerFactory.getLogger(QueuedReading.class);

    private final PosixFile file;
    private final IntFunction<ReadRing> rings;

    private QueuedReading(PosixFile file, IntFunction<ReadRing> rings) {
        this.file = file;
        this.rings = rings;
    }

    /**
     * For a file that is open around the cache.
     *
     * @param rings opens a ring of a depth, or throws what a refused one throws
     * @return {@code null}, with a line in the log, where it cannot be had
     */
    static QueuedReading tryFor(PosixFile file, IntFunction<ReadRing> rings) {
        try (ReadRing ring = rings.apply(1);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(DirectFile.BLOCK_BYTES, DirectFile.BLOCK_BYTES);
            ring.read(file.fd(), 0, memory.address(), DirectFile.BLOCK_BYTES, 0);
            ring.enter(1);
            int result = ring.next() ? ring.result() : -Errno.EAGAIN;
            if (result == -Errno.EINVAL || result == -Errno.EOPNOTSUPP) {
                throw Errno.failure("refused", -result, "call=IORING_OP_READ");
            }
            log.info("direct reads are queued with io_uring: file={}", file.path());
            return new QueuedReading(file, rings);
        } catch (BlockSpaceException | IllegalStateException e) {
            log.info("direct reads wait on threads, no io_uring: file={}, reason=[{}]", file.path(), e.getMessage());
            return null;
        }
    }

    /** A queue of {@code device}, or {@code null} when there is no room for one more. */
    ReadQueue open(FileBlockDevice device, int depth) {
        ReadRing ring;
        try {
            ring = rings.apply(depth + 1);
        } catch (BlockSpaceException e) {
            log.warn("reads of one client wait on threads: device={}, reason=[{}]", device, e.getMessage());
            return null;
        }
        try {
            return new RingReadQueue(device, file, ring, depth);
        } catch (BlockSpaceException e) {
            ring.close();
            throw e;
        }
    }
}
