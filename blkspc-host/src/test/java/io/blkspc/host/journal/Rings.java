package io.blkspc.host.journal;

import io.blkspc.api.BlockDevice;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** What the tests of the journal share: one pool, devices, records that tell their own content. */
final class Rings {

    static final UUID POOL = new UUID(0x1122334455667788L, 0x99aabbccddeeff00L);
    static final long SALT = 0x5a17;

    private Rings() {}

    /** What one record said. */
    record Seen(long sequence, RecordType type, long mark, long forced, ByteBuffer payload) {}

    /** A scan and its records. */
    record Replayed(ScanResult result, List<Seen> records) {}

    static SimDevice ring(int bytes) {
        return new SimDisk(new InertScheduler(), bytes).create("journal", bytes);
    }

    static Journal fresh(BlockDevice device) {
        return Journal.open(device, POOL, SALT, 0, 1, 0, 0);
    }

    static ReplayStart fromTheBeginning() {
        return new ReplayStart(SALT, 1, 0, 0, 0, 0);
    }

    static ReplayStart after(Journal journal, long sequence) {
        return new ReplayStart(
                SALT, sequence + 1, journal.positionAfter(sequence), journal.crcAfter(sequence), sequence, sequence);
    }

    static Replayed scan(BlockDevice device, ReplayStart start) {
        List<Seen> seen = new ArrayList<>();
        ScanResult result = JournalScan.scan(device, POOL, start, (sequence, type, mark, forced, payload) -> {
            byte[] bytes = new byte[payload.remaining()];
            payload.getBytes(MemorySegment.ofArray(bytes), 0, bytes.length);
            seen.add(new Seen(sequence, type, mark, forced, ByteBuffer.wrap(bytes)));
        });
        return new Replayed(result, seen);
    }

    /** The payload of that sequence: whoever reads it knows what it must be. */
    static byte[] payload(long sequence, int length) {
        byte[] bytes = new byte[length];
        new Random(sequence * 31 + length).nextBytes(bytes);
        return bytes;
    }

    static long append(Journal journal, int length, long mark, long forced) {
        byte[] payload = payload(journal.lastSequence() + 1, length);
        return journal.append(RecordType.EXTENTS, MemorySegment.ofArray(payload), length, mark, forced);
    }

    static void assertContent(Seen seen) {
        byte[] expected = payload(seen.sequence(), seen.payload().remaining());
        if (!seen.payload().equals(ByteBuffer.wrap(expected))) {
            throw new AssertionError("wrong payload: sequence=" + seen.sequence());
        }
    }

    /** The seed of this run: -Dblkspc.seed, or what the test chose. */
    static long seed(long chosen) {
        long seed = Long.getLong("blkspc.seed", chosen);
        System.out.println("seed=" + seed + " (rerun with -Dblkspc.seed=" + seed + ")");
        return seed;
    }
}
