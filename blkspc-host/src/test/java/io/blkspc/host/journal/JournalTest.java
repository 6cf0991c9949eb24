package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.host.format.TornDevice;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JournalTest {

    static final UUID POOL = new UUID(0x1122334455667788L, 0x99aabbccddeeff00L);
    static final long SALT = 0x5a17;
    static final int RING = 32 * 512;

    /** What one record said. */
    record Seen(long sequence, RecordType type, long mark, long forced, ByteBuffer payload) {}

    static Journal fresh(TornDevice device) {
        return Journal.open(device, POOL, SALT, 0, 1, 0, 0);
    }

    static byte[] payload(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static long append(Journal journal, byte[] payload, long mark, long forced) {
        return journal.append(RecordType.EXTENTS, MemorySegment.ofArray(payload), payload.length, mark, forced);
    }

    static ReplayStart fromTheBeginning() {
        return new ReplayStart(SALT, 1, 0, 0, 0, 0);
    }

    static ScanResult scan(TornDevice device, ReplayStart start, List<Seen> seen) {
        return JournalScan.scan(device, POOL, start, (sequence, type, mark, forced, payload) -> {
            byte[] bytes = new byte[payload.remaining()];
            payload.getBytes(MemorySegment.ofArray(bytes), 0, bytes.length);
            seen.add(new Seen(sequence, type, mark, forced, ByteBuffer.wrap(bytes)));
        });
    }

    @Test
    void replayReturnsWhatWasAppended() {
        TornDevice device = new TornDevice(RING);
        Random random = new Random(1);
        List<byte[]> sent = new ArrayList<>();
        try (Journal journal = fresh(device)) {
            for (int i = 0; i < 10; i++) {
                byte[] payload = payload(random, i * 97);
                sent.add(payload);
                assertThat(append(journal, payload, i / 2, i)).isEqualTo(i + 1);
            }
        }
        List<Seen> seen = new ArrayList<>();
        ScanResult result = scan(device, fromTheBeginning(), seen);
        assertThat(result.lastSequence()).isEqualTo(10);
        assertThat(result.highestMark()).isEqualTo(4);
        assertThat(result.highestForced()).isEqualTo(9);
        assertThat(result.tailDamagedAtOrBelowForced()).isFalse();
        for (int i = 0; i < 10; i++) {
            assertThat(seen.get(i).sequence()).isEqualTo(i + 1);
            assertThat(seen.get(i).mark()).isEqualTo(i / 2);
            assertThat(seen.get(i).forced()).isEqualTo(i);
            assertThat(seen.get(i).payload()).isEqualTo(ByteBuffer.wrap(sent.get(i)));
        }
    }

    @Test
    void goesRoundTheRingAtEveryPosition() {
        for (int first = 0; first < 3000; first += 100) {
            TornDevice device = new TornDevice(RING);
            Random random = new Random(first);
            try (Journal journal = fresh(device)) {
                append(journal, payload(random, Math.min(first, journal.maxPayloadBytes())), 0, 0);
                long released = 0;
                for (int i = 0; i < 200; i++) {
                    byte[] payload = payload(random, random.nextInt(journal.maxPayloadBytes() + 1));
                    while (!journal.fits(payload.length)) {
                        journal.releaseUpTo(++released);
                    }
                    long sequence = append(journal, payload, released, released);
                    List<Seen> seen = new ArrayList<>();
                    ReplayStart start = new ReplayStart(
                            SALT,
                            released + 1,
                            journal.positionAfter(released),
                            journal.crcAfter(released),
                            released,
                            released);
                    ScanResult result = scan(device, start, seen);
                    assertThat(result.lastSequence()).isEqualTo(sequence);
                    assertThat(seen).hasSize((int) (sequence - released));
                    assertThat(seen.getLast().payload()).isEqualTo(ByteBuffer.wrap(payload));
                    assertThat(result.endPosition()).isEqualTo(journal.positionAfter(sequence));
                    assertThat(result.lastCrc()).isEqualTo(journal.crcAfter(sequence));
                }
            }
        }
    }

    @Test
    void keepsAReserveForRecordsThatEndAShortage() {
        try (Journal journal = fresh(new TornDevice(64 * 512))) {
            while (journal.fits(400)) {
                append(journal, new byte[400], 0, 0);
            }
            assertThat(journal.capacityBytes() - journal.usedBytes()).isGreaterThan(8 * 512);
            int more = 0;
            while (journal.fits(400, true)) {
                append(journal, new byte[400], 0, 0);
                more++;
            }
            assertThat(more).isEqualTo(8);
            assertThatThrownBy(() -> append(journal, new byte[400], 0, 0)).isInstanceOf(IllegalStateException.class);
            journal.releaseUpTo(journal.lastSequence());
            assertThat(journal.usedBytes()).isZero();
            assertThat(journal.fits(journal.maxPayloadBytes())).isTrue();
        }
    }

    @Test
    void refusesEverythingAfterAFailedWrite() {
        TornDevice device = new TornDevice(RING);
        try (Journal journal = fresh(device)) {
            append(journal, new byte[100], 0, 0);
            device.stopAfter(0);
            assertThatThrownBy(() -> append(journal, new byte[100], 0, 0)).isInstanceOf(TornDevice.PowerCut.class);
            device.stopAfter(1000);
            assertFailed(() -> append(journal, new byte[100], 0, 0));
            assertFailed(journal::force);
            assertThat(journal.isFailed()).isTrue();
        }
    }

    @Test
    void refusesEverythingAfterAFailedForce() {
        TornDevice device = new TornDevice(RING);
        try (Journal journal = fresh(device)) {
            append(journal, new byte[100], 0, 0);
            device.stopAfter(0);
            assertThatThrownBy(journal::force).isInstanceOf(TornDevice.PowerCut.class);
            device.stopAfter(1000);
            assertFailed(journal::force);
            assertFailed(() -> append(journal, new byte[100], 0, 0));
        }
    }

    private static void assertFailed(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class,
                        e -> assertThat(e.code()).isEqualTo(BlockSpaceException.Code.FAILED));
    }
}
