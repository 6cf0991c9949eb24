package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.extent.NodeFormat;

/**
 * What a look at all metadata may take: memory, which it must not take away from clients of the same process, and time, while
 * nobody wants to close the pool. Counts what a check keeps, about and rather too much. One thread.
 */
public final class InspectionLimit {

    /** An extent, a node or a deadlist entry in the tables of a check, while these double. */
    private static final int ENTRY_BYTES = 128;

    /** A node image that is kept, and its place. */
    private static final int IMAGE_BYTES = NodeFormat.BYTES + 128;

    private final long memoryBytes;
    private final Runnable mayGoOn;
    private long takenBytes;

    /**
     * For one look.
     *
     * @param memoryBytes that may be taken, 0 or more
     * @param mayGoOn asked again and again; throws when the look is to end
     */
    public InspectionLimit(long memoryBytes, Runnable mayGoOn) {
        this.memoryBytes = memoryBytes;
        this.mayGoOn = mayGoOn;
    }

    /** No limit at all. */
    public static InspectionLimit none() {
        return new InspectionLimit(Long.MAX_VALUE, () -> {});
    }

    /** For a process that does nothing else: most of its memory. */
    public static InspectionLimit ofThisProcess() {
        return new InspectionLimit(Runtime.getRuntime().maxMemory() / 4 * 3, () -> {});
    }

    /** An image of a node is kept. */
    void image() {
        take(IMAGE_BYTES);
    }

    /** An entry is kept. */
    void entry() {
        take(ENTRY_BYTES);
    }

    /** Nothing is kept. */
    void step() {
        take(0);
    }

    private void take(int bytes) {
        mayGoOn.run();
        takenBytes += bytes;
        if (takenBytes > memoryBytes) {
            throw new BlockSpaceException(
                    Code.LIMIT, "metadata is too large to be checked in this memory: bytes=" + memoryBytes);
        }
    }
}
