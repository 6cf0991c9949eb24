package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.journal.Rings.Replayed;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A ring on its second lap, damaged in every way: replay must be a prefix of what was written, word by word, and one that
 * ends before what was forced must say so (DURABILITY D13, D14, D15).
 */
class JournalDamageTest {

    private static final int SECTORS = 20;
    private static final int RING = SECTORS * 512;
    private static final int FORCED = 11;

    private SimDevice device;
    private ReplayStart start;
    private byte[] intact;
    private long last;

    @BeforeEach
    void fill() {
        device = Rings.ring(RING);
        try (Journal journal = Rings.fresh(device)) {
            for (int i = 0; i < 6; i++) {
                Rings.append(journal, 700 + 60 * i, i, i);
            }
            journal.releaseUpTo(6);
            start = Rings.after(journal, 6);
            int length = 300;
            while (journal.fits(length, true)) {
                last = Rings.append(journal, length, 6, Math.min(FORCED, journal.lastSequence()));
                length += 150;
            }
        }
        // The ring wrapped, and the last record carries F.
        assertThat(last).isGreaterThan(FORCED);
        intact = device.peek(0, RING);
        assertThat(check()).isEqualTo(last);
    }

    /** Replays; returns the last sequence, or -1 when the damage was reported. */
    private long check() {
        Replayed replayed = Rings.scan(device, start);
        ScanResult result = replayed.result();
        long expected = 7;
        for (Rings.Seen seen : replayed.records()) {
            assertThat(seen.sequence()).isEqualTo(expected++);
            Rings.assertContent(seen);
        }
        assertThat(result.lastSequence()).isEqualTo(expected - 1);
        if (result.tailDamagedAtOrBelowForced()) {
            return -1;
        }
        return result.lastSequence();
    }

    /** Damage to one sector leaves a record that says what was forced. */
    private static void assertLegal(long seen, String what) {
        assertThat(seen == -1 || seen >= FORCED)
                .as("%s: replay ended at %s without a word", what, seen)
                .isTrue();
    }

    /** The bytes that replay depends on: every record of it, and the header of the padding where the ring ends. */
    private boolean[] covered() {
        boolean[] covered = new boolean[RING];
        ByteBuffer ring = ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < RING; at += 512) {
            if (ring.getInt(at) == JournalRecordHeader.MAGIC && ring.getLong(at + 40) > 6) {
                int length = ring.getShort(at + 72) == RecordType.PAD.code() ? 112 : ring.getInt(at + 80);
                Arrays.fill(covered, at, at + length, true);
            }
        }
        return covered;
    }

    /** Highest F in the headers of the first {@code bytes} bytes, read by hand. */
    private long forcedIn(int bytes) {
        ByteBuffer ring = ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN);
        long forced = 6;
        for (int at = 0; at < bytes; at += 512) {
            if (ring.getInt(at) == JournalRecordHeader.MAGIC) {
                forced = Math.max(forced, ring.getLong(at + 56));
            }
        }
        return forced;
    }

    @Test
    void everyBitFlipIsDetected() {
        boolean[] covered = covered();
        for (long bit = 0; bit < RING * 8L; bit++) {
            device.flipBit(bit / 8, (int) (bit % 8));
            long seen = check();
            assertLegal(seen, "bit " + bit);
            assertThat(seen != last).as("bit %s is noticed", bit).isEqualTo(covered[(int) (bit / 8)]);
            device.flipBit(bit / 8, (int) (bit % 8));
        }
        assertThat(check()).isEqualTo(last);
    }

    @Test
    void everyZeroedSectorIsDetected() {
        for (int sector = 0; sector < SECTORS; sector++) {
            device.poke(sector * 512L, new byte[512]);
            assertLegal(check(), "sector " + sector);
            restore();
        }
    }

    @Test
    void everyMisplacedSectorIsDetected() {
        for (int from = 0; from < SECTORS; from++) {
            for (int to = 0; to < SECTORS; to++) {
                device.poke(to * 512L, Arrays.copyOfRange(intact, from * 512, from * 512 + 512));
                long seen = check();
                assertLegal(seen, "sector " + from + " at " + to);
                restore();
            }
        }
    }

    @Test
    void everyTruncationEndsReplayThereOrIsReported() {
        int silent = 0;
        for (int sector = 0; sector < SECTORS; sector++) {
            device.poke(sector * 512L, new byte[RING - sector * 512]);
            long seen = check();
            assertThat(seen == -1 || seen >= forcedIn(sector * 512))
                    .as("zeros from sector %s: replay ended at %s", sector, seen)
                    .isTrue();
            silent += seen == -1 ? 0 : 1;
            restore();
        }
        assertThat(silent).isBetween(1, SECTORS - 1);
    }

    @Test
    void aDamagedForcedRecordIsReportedThoughLaterOnesAreIntact() {
        // Record 8 is forced: records up to the last say so.
        long position = positionOf(8);
        device.flipBit(position + 200, 3);
        Replayed replayed = Rings.scan(device, start);
        assertThat(replayed.result().lastSequence()).isEqualTo(7);
        assertThat(replayed.result().highestForced()).isEqualTo(FORCED);
        assertThat(replayed.result().highestSequence()).isEqualTo(last);
        assertThat(replayed.result().tailDamagedAtOrBelowForced()).isTrue();
    }

    @Test
    void aDamagedUnforcedRecordIsATailThoughLaterOnesAreIntact() {
        long position = positionOf(FORCED + 1);
        device.flipBit(position + 200, 3);
        Replayed replayed = Rings.scan(device, start);
        assertThat(replayed.result().lastSequence()).isEqualTo(FORCED);
        assertThat(replayed.result().tailDamagedAtOrBelowForced()).isFalse();
    }

    @Test
    void aMarkCountsAsForced() {
        SimDevice other = Rings.ring(RING);
        try (Journal journal = Rings.fresh(other)) {
            Rings.append(journal, 10, 0, 0);
            Rings.append(journal, 10, 0, 0);
            Rings.append(journal, 10, 2, 0);
        }
        other.flipBit(512 + 100, 0);
        ScanResult result = Rings.scan(other, Rings.fromTheBeginning()).result();
        assertThat(result.lastSequence()).isEqualTo(1);
        assertThat(result.highestForced()).isZero();
        assertThat(result.tailDamagedAtOrBelowForced()).isTrue();
        ReplayStart told = new ReplayStart(Rings.SALT, 1, 0, 0, 0, 3);
        other.flipBit(512 + 100, 0);
        assertThat(Rings.scan(other, told).result().tailDamagedAtOrBelowForced())
                .isFalse();
        other.flipBit(1024 + 100, 0);
        assertThat(Rings.scan(other, told).result().tailDamagedAtOrBelowForced())
                .as("the superblock says what was forced")
                .isTrue();
    }

    @Test
    void aHeaderWithoutItsPayloadStillSaysWhatWasForced() {
        SimDevice other = Rings.ring(RING);
        long position;
        try (Journal journal = Rings.fresh(other)) {
            Rings.append(journal, 600, 0, 0);
            Rings.append(journal, 600, 0, 0);
            position = journal.positionAfter(2);
            Rings.append(journal, 1000, 1, 2);
        }
        other.poke(position + 512, new byte[512]);
        ScanResult torn = Rings.scan(other, Rings.fromTheBeginning()).result();
        assertThat(torn.lastSequence()).isEqualTo(2);
        assertThat(torn.highestForced()).isEqualTo(2);
        assertThat(torn.highestMark()).isEqualTo(1);
        assertThat(torn.tailDamagedAtOrBelowForced()).isFalse();
        other.flipBit(1024 + 300, 0);
        ScanResult damaged = Rings.scan(other, Rings.fromTheBeginning()).result();
        assertThat(damaged.lastSequence()).isEqualTo(1);
        assertThat(damaged.tailDamagedAtOrBelowForced()).isTrue();
    }

    @Test
    void recordsOfAnotherRunOrPoolAreNotThere() {
        ReplayStart otherRun = new ReplayStart(Rings.SALT + 1, 7, start.position(), start.previousCrc(), 6, 6);
        ScanResult result = Rings.scan(device, otherRun).result();
        assertThat(result.lastSequence()).isEqualTo(6);
        assertThat(result.highestForced()).isEqualTo(6);
        assertThat(result.tailDamagedAtOrBelowForced()).isFalse();
        ScanResult otherPool =
                JournalScan.scan(device, new UUID(1, 2), start, (sequence, type, mark, forced, payload) -> {
                    throw new AssertionError("not ours");
                });
        assertThat(otherPool.highestForced()).isEqualTo(6);
    }

    @Test
    void anOldLapIsNotReplayed() {
        // The records of the first lap that are left come right after the last one; they are intact.
        SimDevice other = Rings.ring(RING);
        try (Journal journal = Rings.fresh(other)) {
            for (int i = 0; i < SECTORS - 1; i++) {
                Rings.append(journal, 100, 0, 0);
            }
            journal.releaseUpTo(SECTORS - 1);
            Rings.append(journal, 100, 0, 0);
            Rings.append(journal, 100, 0, 0);
            Replayed replayed = Rings.scan(other, Rings.after(journal, SECTORS - 1));
            assertThat(replayed.records()).hasSize(2);
            assertThat(replayed.result().lastSequence()).isEqualTo(SECTORS + 1);
        }
    }

    @Test
    void aRecordFromAForkOfTheSameRunIsNotReplayed() {
        // Sequence, salt, uuid and position are right; only the chain tells.
        SimDevice fork = Rings.ring(RING);
        try (Journal journal = Rings.fresh(fork);
                Journal original = Rings.fresh(device)) {
            Rings.append(original, 50, 0, 0);
            Rings.append(journal, 60, 0, 0);
            Rings.append(journal, 50, 0, 0);
        }
        device.poke(512, fork.peek(512, 512));
        assertThat(Rings.scan(device, Rings.fromTheBeginning()).result().lastSequence())
                .isEqualTo(1);
    }

    @Test
    void aRecordOfAnotherSequenceIsNotReplayed() {
        SimDevice other = Rings.ring(RING);
        try (Journal journal = Journal.open(other, Rings.POOL, Rings.SALT, 0, 5, 0, 0)) {
            Rings.append(journal, 50, 0, 0);
        }
        assertThat(Rings.scan(other, new ReplayStart(Rings.SALT, 5, 0, 0, 0, 0)).records())
                .hasSize(1);
        assertThat(Rings.scan(other, Rings.fromTheBeginning()).records()).isEmpty();
    }

    @Test
    void aRecordFromAnotherPlaceIsNotReplayed() {
        SimDevice other = Rings.ring(RING);
        try (Journal journal = Rings.fresh(other)) {
            Rings.append(journal, 50, 0, 0);
        }
        other.poke(512, other.peek(0, 512));
        ReplayStart there = new ReplayStart(Rings.SALT, 1, 512, 0, 0, 0);
        assertThat(Rings.scan(other, there).records()).isEmpty();
    }

    @Test
    void impossibleLengthsEndReplay() {
        int[] lengths = {0, 1, -1, 399, 401, 511, 513, 1024, RING, RING + 512, Integer.MAX_VALUE, Integer.MIN_VALUE};
        SimDevice other = Rings.ring(RING);
        try (Journal journal = Rings.fresh(other)) {
            Rings.append(journal, 10, 0, 0);
            Rings.append(journal, 400, 0, 0);
            Rings.append(journal, 10, 0, 0);
        }
        byte[] record = other.peek(512, 512);
        for (int field : new int[] {76, 80}) {
            for (int length : lengths) {
                byte[] changed = record.clone();
                ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(field, length);
                // A shorter payload in the same sector is possible; the record after it is then not of this chain.
                boolean possible = field == 76 && length >= 0 && length < 400;
                other.poke(512, resealed(changed));
                assertThat(Rings.scan(other, Rings.fromTheBeginning()).records())
                        .as("field %s = %s", field, length)
                        .hasSize(possible ? 2 : 1);
            }
        }
    }

    @Test
    void anUnknownRecordTypeOrReservedByteIsNotSkipped() {
        for (int field : new int[] {72, 73, 74, 84, 111}) {
            SimDevice other = Rings.ring(RING);
            try (Journal journal = Rings.fresh(other)) {
                Rings.append(journal, 10, 0, 0);
            }
            byte[] record = other.peek(0, 512);
            record[field] = 77;
            other.poke(0, resealed(record));
            JournalTest.assertCode(Code.NEEDS_CHECK, () -> Rings.scan(other, Rings.fromTheBeginning()));
        }
    }

    /** The record with a header CRC that fits: what a faulty writer would leave. */
    private static byte[] resealed(byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(record, 8, 104);
        ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putInt(4, (int) crc.getValue());
        return record;
    }

    @Test
    void aRingLargerThanTheWindowIsReadInPieces() {
        int ring = 1 << 20;
        SimDisk disk = new SimDisk(new InertScheduler(), 3);
        SimDevice big = disk.create("journal", ring);
        Random random = new Random(Rings.seed(3));
        try (Journal journal = Rings.fresh(big)) {
            long released = 0;
            for (int i = 0; i < 300; i++) {
                int length = random.nextInt(20_000);
                while (!journal.fits(length)) {
                    journal.releaseUpTo(++released);
                }
                Rings.append(journal, length, released, released);
            }
            long[] count = {0};
            ScanResult result = JournalScan.scan(
                    big,
                    Rings.POOL,
                    Rings.after(journal, released),
                    (sequence, type, mark, forced, payload) -> count[0]++,
                    300 << 10);
            assertThat(result.lastSequence()).isEqualTo(300);
            assertThat(count[0]).isEqualTo(300 - released);
            assertThat(disk.bytes(IoRole.JOURNAL, io.blkspc.host.sim.IoOp.READ)).isLessThan(3L * ring);
        }
    }

    private void restore() {
        device.poke(0, intact);
        assertThat(Transfers.read(device, 0, RING, IoRole.JOURNAL)).isEqualTo(intact);
    }

    /** Found by the header's own fields. */
    private long positionOf(long sequence) {
        ByteBuffer ring = ByteBuffer.wrap(intact).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < RING; at += 512) {
            if (ring.getInt(at) == JournalRecordHeader.MAGIC
                    && ring.getLong(at + 40) == sequence
                    && ring.getShort(at + 72) != RecordType.PAD.code()) {
                return at;
            }
        }
        throw new AssertionError("no such record: sequence=" + sequence);
    }
}
