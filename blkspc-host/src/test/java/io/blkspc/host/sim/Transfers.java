package io.blkspc.host.sim;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** IO with byte arrays, for tests that do not care about speed. */
public final class Transfers {

    private Transfers() {}

    /** Writes the whole array. */
    public static void write(BlockDevice device, long offsetBytes, byte[] bytes, IoRole role) {
        try (Arena arena = Arena.ofConfined()) {
            device.write(of(arena, offsetBytes, bytes), role);
        }
    }

    /** Reads into a new array. */
    public static byte[] read(BlockDevice device, long offsetBytes, int lengthBytes, IoRole role) {
        try (Arena arena = Arena.ofConfined()) {
            Transfer transfer = of(arena, offsetBytes, new byte[lengthBytes]);
            device.read(transfer, role);
            return bytes(transfer);
        }
    }

    /** A transfer of one part with these bytes in memory that lives as long as the transfer. */
    public static Transfer of(long offsetBytes, byte[] bytes) {
        return of(Arena.ofAuto(), offsetBytes, bytes);
    }

    private static Transfer of(Arena arena, long offsetBytes, byte[] bytes) {
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length));
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
        return new Transfer().reset(offsetBytes).add(segment, 0, bytes.length);
    }

    /** What a transfer of one part holds. */
    public static byte[] bytes(Transfer transfer) {
        return transfer.segment(0).asSlice(0, transfer.length(0)).toArray(JAVA_BYTE);
    }
}
