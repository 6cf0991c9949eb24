package io.blkspc.host.core.crash;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What a sector of test data looks like: its value in every word, mixed with the word's place, so that a mixture shows. */
final class SectorValue {

    static final int BYTES = 512;
    static final long ZERO = 0;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private SectorValue() {}

    static void encode(long value, byte[] bytes, int at) {
        for (int i = 0; i < BYTES; i += Long.BYTES) {
            LONG.set(bytes, at + i, value == ZERO ? 0 : value ^ i * MIX);
        }
    }

    /** The value, or a negative number that is no value when the bytes are not one whole sector of a test. */
    static long decode(byte[] bytes, int at) {
        long value = (long) LONG.get(bytes, at);
        boolean zero = value == ZERO && (long) LONG.get(bytes, at + Long.BYTES) == 0;
        for (int i = Long.BYTES; i < BYTES; i += Long.BYTES) {
            if ((long) LONG.get(bytes, at + i) != (zero ? 0 : value ^ i * MIX)) {
                return Long.MIN_VALUE;
            }
        }
        return value;
    }
}
