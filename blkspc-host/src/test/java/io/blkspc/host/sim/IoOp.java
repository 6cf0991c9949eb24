package io.blkspc.host.sim;

/** Kinds of IO on a simulated device. */
public enum IoOp {
    READ,
    WRITE,
    FORCE,
    GROW
}
