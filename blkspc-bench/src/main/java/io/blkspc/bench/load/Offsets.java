package io.blkspc.bench.load;

/** The blocks of one connection, one after the other. Allocates nothing; owned by one thread. */
final class Offsets {

    private final Order order;
    private final int blockBytes;
    private final long first;
    private final long blocks;
    private long state;
    private long taken;

    Offsets(LoadSpec spec, int connection) {
        this.order = spec.order();
        this.blockBytes = spec.blockBytes();
        long all = spec.rangeBytes() / spec.blockBytes();
        boolean split = order == Order.SEQUENTIAL && all >= spec.connections();
        this.blocks = split ? all / spec.connections() : all;
        this.first = split ? blocks * connection : 0;
        this.state = mix(spec.seed() * 31 + connection);
    }

    /** {@code true} when there is no further block. */
    boolean isExhausted() {
        return order == Order.EACH_ONCE && taken == blocks;
    }

    /** Offset of the next block in bytes. */
    long next() {
        long block = switch (order) {
            case RANDOM -> random();
            case SEQUENTIAL -> first + taken % blocks;
            case EACH_ONCE -> permuted();
        };
        taken++;
        return block * blockBytes;
    }

    /** From 0 to 99, for the choice between reading and writing. */
    int percent() {
        return (int) Math.unsignedMultiplyHigh(step(), 100);
    }

    private long random() {
        return Math.unsignedMultiplyHigh(step(), blocks);
    }

    /** Odd multiplications and folds modulo a power of two: each is a permutation, and so is their sequence. */
    private long permuted() {
        long mask = blocks - 1;
        int fold = Math.max(1, Long.bitCount(mask) / 2);
        long x = (taken + state) & mask;
        for (int round = 0; round < 3; round++) {
            x = (x * 0x5851F42D4C957F2DL) & mask;
            x ^= x >>> fold;
        }
        return x;
    }

    private long step() {
        state += 0x9E3779B97F4A7C15L;
        return mix(state);
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
