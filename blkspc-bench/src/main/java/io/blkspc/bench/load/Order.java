package io.blkspc.bench.load;

/** Which block comes next. */
public enum Order {
    /** Any block, again and again. */
    RANDOM,
    /** One after the other, from the start again at the end; every connection in its own part. */
    SEQUENTIAL,
    /** Every block once, in an order that jumps about; the run ends with the last one. */
    EACH_ONCE
}
