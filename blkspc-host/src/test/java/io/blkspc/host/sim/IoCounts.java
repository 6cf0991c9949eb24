package io.blkspc.host.sim;

import io.blkspc.api.IoRole;

/** How many IOs of each role and kind there were, and how many bytes they moved. */
final class IoCounts {

    private static final int OPS = IoOp.values().length;

    private final long[] counts = new long[IoRole.values().length * OPS];
    private final long[] bytes = new long[counts.length];

    void add(IoRole role, IoOp op, long lengthBytes) {
        int slot = slot(role, op);
        counts[slot]++;
        bytes[slot] += lengthBytes;
    }

    long count(IoRole role, IoOp op) {
        return counts[slot(role, op)];
    }

    long bytes(IoRole role, IoOp op) {
        return bytes[slot(role, op)];
    }

    @SuppressWarnings("EnumOrdinal") // positions in an array that lives as long as this process
    private static int slot(IoRole role, IoOp op) {
        return role.ordinal() * OPS + op.ordinal();
    }
}
