package io.blkspc.bench.load;

/**
 * What a client does for how long.
 *
 * @param readPercent 0 to 100; the rest are writes
 * @param flushes {@code true}: a FLUSH follows every write, and both together count as one request
 * @param order which blocks
 * @param blockBytes bytes of each request, up to 32 MiB
 * @param connections connections, each with a thread of its own
 * @param depth requests under way on each connection
 * @param structured ask for structured replies; a server that has none gives simple ones
 * @param rangeBytes the part of the export that is used, from its start; a multiple of {@code blockBytes}
 * @param millis how long new requests are sent
 * @param seed of the order and of what is written
 */
public record LoadSpec(
        int readPercent,
        boolean flushes,
        Order order,
        int blockBytes,
        int connections,
        int depth,
        boolean structured,
        long rangeBytes,
        long millis,
        long seed) {

    /** The smallest send buffer of a unix socket holds this much whatever the other side does. */
    private static final int MIXED_BYTES_IN_FLIGHT = 160 << 10;

    /** Checks that the client can do it without waiting for a server that waits for the client. */
    public LoadSpec {
        if (blockBytes < 1 || blockBytes > 32 << 20 || rangeBytes % blockBytes != 0 || rangeBytes == 0) {
            throw new IllegalArgumentException("blockBytes=" + blockBytes + ", rangeBytes=" + rangeBytes);
        }
        if (connections < 1 || depth < 1 || readPercent < 0 || readPercent > 100) {
            throw new IllegalArgumentException(
                    "connections=" + connections + ", depth=" + depth + ", readPercent=" + readPercent);
        }
        boolean mixed = readPercent > 0 && readPercent < 100;
        if (mixed && (long) blockBytes * depth > MIXED_BYTES_IN_FLIGHT) {
            throw new IllegalArgumentException("mixed requests fill both directions: blockBytes=" + blockBytes
                    + ", depth=" + depth + ", most bytes=" + MIXED_BYTES_IN_FLIGHT);
        }
        if (order == Order.EACH_ONCE && (connections != 1 || Long.bitCount(rangeBytes / blockBytes) != 1)) {
            throw new IllegalArgumentException(
                    "EACH_ONCE takes one connection and a power of two of blocks: connections=" + connections
                            + ", blocks=" + rangeBytes / blockBytes);
        }
    }

    /** Random reads of one connection. */
    public static LoadSpec reads(int blockBytes, int depth, long rangeBytes, long millis) {
        return new LoadSpec(100, false, Order.RANDOM, blockBytes, 1, depth, true, rangeBytes, millis, 1);
    }

    /** Random writes of one connection. */
    public static LoadSpec writes(int blockBytes, int depth, long rangeBytes, long millis) {
        return reads(blockBytes, depth, rangeBytes, millis).withReadPercent(0);
    }

    /** The same with another share of reads. */
    public LoadSpec withReadPercent(int percent) {
        return new LoadSpec(
                percent, flushes, order, blockBytes, connections, depth, structured, rangeBytes, millis, seed);
    }

    /** The same in another order. */
    public LoadSpec withOrder(Order other) {
        return new LoadSpec(
                readPercent, flushes, other, blockBytes, connections, depth, structured, rangeBytes, millis, seed);
    }

    /** The same with a FLUSH after every write. */
    public LoadSpec withFlushes() {
        return new LoadSpec(
                readPercent, true, order, blockBytes, connections, depth, structured, rangeBytes, millis, seed);
    }

    /** The same on several connections. */
    public LoadSpec withConnections(int count) {
        return new LoadSpec(
                readPercent, flushes, order, blockBytes, count, depth, structured, rangeBytes, millis, seed);
    }

    /** The same with simple replies. */
    public LoadSpec withSimpleReplies() {
        return new LoadSpec(
                readPercent, flushes, order, blockBytes, connections, depth, false, rangeBytes, millis, seed);
    }

    /** The same for another time and from another seed. */
    public LoadSpec lasting(long otherMillis, long otherSeed) {
        return new LoadSpec(
                readPercent,
                flushes,
                order,
                blockBytes,
                connections,
                depth,
                structured,
                rangeBytes,
                otherMillis,
                otherSeed);
    }
}
