package io.blkspc.cli.e2e;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Values of which a disk may hold a mixture inside one sector, because the kernel copied a page of its cache to the disk while
 * a write filled it. That is a legal state after a power cut as long as one of these writes is not durable; with the next flush
 * the sector is whole again.
 */
final class SectorMixture {

    private final List<byte[]> settled = new ArrayList<>();
    private final List<byte[]> unsettled = new ArrayList<>();

    /** Zeros, which no flush is needed for. */
    void addZeros() {
        settled.add(new byte[Sector.BYTES]);
    }

    /** What this write put there; 0 for zeros. */
    void addSettled(int volume, long lba, long seq) {
        settled.add(seq == 0 ? new byte[Sector.BYTES] : bytes(volume, lba, seq));
    }

    /** What this request puts there, which is not known to be durable. */
    void addUnsettled(History.Operation operation, long lba) {
        boolean isWrite = operation.change() == History.Change.WRITE;
        unsettled.add(isWrite ? bytes(operation.oracle().number(), lba, operation.seq()) : new byte[Sector.BYTES]);
    }

    /** Whether each byte is that of one of the values, and not all can be those of settled ones. */
    boolean canBe(ByteBuffer data, int at) {
        boolean isSettled = true;
        for (int i = 0; i < Sector.BYTES; i++) {
            boolean isOfSettled = isOfOne(settled, i, data.get(at + i));
            if (!isOfSettled && !isOfOne(unsettled, i, data.get(at + i))) {
                return false;
            }
            isSettled &= isOfSettled;
        }
        return !isSettled;
    }

    private static boolean isOfOne(List<byte[]> values, int place, byte found) {
        return values.stream().anyMatch(value -> value[place] == found);
    }

    private static byte[] bytes(int volume, long lba, long seq) {
        ByteBuffer sector = ByteBuffer.allocate(Sector.BYTES);
        Sector.encode(sector, 0, volume, lba, seq);
        return sector.array();
    }
}
