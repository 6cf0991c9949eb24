package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.journal.Rings.Replayed;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Deflater;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class JournalTest {

    private static final int RING = 32 * 512;

    @Test
    void replayReturnsWhatWasAppended() {
        SimDevice device = Rings.ring(RING);
        try (Journal journal = Rings.fresh(device)) {
            for (int i = 0; i < 10; i++) {
                assertThat(Rings.append(journal, i * 97, i / 2, i)).isEqualTo(i + 1);
            }
        }
        Replayed replayed = Rings.scan(device, Rings.fromTheBeginning());
        assertThat(replayed.result().lastSequence()).isEqualTo(10);
        assertThat(replayed.result().highestMark()).isEqualTo(4);
        assertThat(replayed.result().highestForced()).isEqualTo(9);
        assertThat(replayed.result().tailDamagedAtOrBelowForced()).isFalse();
        for (int i = 0; i < 10; i++) {
            Rings.Seen seen = replayed.records().get(i);
            assertThat(seen.sequence()).isEqualTo(i + 1);
            assertThat(seen.mark()).isEqualTo(i / 2);
            assertThat(seen.forced()).isEqualTo(i);
            assertThat(seen.payload().remaining()).isEqualTo(i * 97);
            Rings.assertContent(seen);
        }
    }

    @Test
    void anEmptyRingReplaysNothing() {
        Replayed replayed = Rings.scan(Rings.ring(RING), new ReplayStart(Rings.SALT, 100, 1024, 7, 99, 99));
        assertThat(replayed.records()).isEmpty();
        assertThat(replayed.result()).isEqualTo(new ScanResult(99, 1024, 7, 99, 99, 99));
        assertThat(replayed.result().tailDamagedAtOrBelowForced()).isFalse();
    }

    @Test
    void goesRoundTheRingAtEveryPosition() {
        Random random = new Random(Rings.seed(1));
        for (int start = 0; start < RING; start += 512) {
            SimDevice device = Rings.ring(RING);
            try (Journal journal = Journal.open(device, Rings.POOL, Rings.SALT, start, 1, 0, start)) {
                goRound(device, journal, random);
            }
        }
    }

    private static void goRound(SimDevice device, Journal journal, Random random) {
        long released = 0;
        for (int i = 0; i < 100; i++) {
            int length = random.nextInt(journal.maxPayloadBytes() + 1);
            while (!journal.fits(length)) {
                journal.releaseUpTo(++released);
            }
            long sequence = Rings.append(journal, length, released, released);
            Replayed replayed = Rings.scan(device, Rings.after(journal, released));
            assertThat(replayed.result().lastSequence()).isEqualTo(sequence);
            assertThat(replayed.result().endPosition()).isEqualTo(journal.positionAfter(sequence));
            assertThat(replayed.result().lastCrc()).isEqualTo(journal.crcAfter(sequence));
            assertThat(replayed.records()).hasSize((int) (sequence - released));
            replayed.records().forEach(Rings::assertContent);
        }
    }

    @Test
    void goesOnWhereAScanEnded() {
        SimDevice device = Rings.ring(RING);
        Random random = new Random(Rings.seed(2));
        long first = 1;
        long position = 0;
        int crc = 0;
        for (int run = 0; run < 50; run++) {
            // The same salt: a clean stop at a checkpoint, then a clean start.
            try (Journal journal = Journal.open(device, Rings.POOL, Rings.SALT, position, first, crc, position)) {
                int count = random.nextInt(6);
                for (int i = 0; i < count; i++) {
                    Rings.append(journal, random.nextInt(1000), first - 1, first - 1);
                }
                ReplayStart start = new ReplayStart(Rings.SALT, first, position, crc, first - 1, first - 1);
                ScanResult result = Rings.scan(device, start).result();
                assertThat(result.lastSequence()).isEqualTo(first - 1 + count);
                first = result.lastSequence() + 1;
                position = result.endPosition();
                crc = result.lastCrc();
            }
        }
    }

    @Test
    void keepsAReserveForRecordsThatEndAShortage() {
        try (Journal journal = Rings.fresh(Rings.ring(64 * 512))) {
            while (journal.fits(400)) {
                Rings.append(journal, 400, 0, 0);
            }
            int more = 0;
            while (journal.fits(400, true)) {
                Rings.append(journal, 400, 0, 0);
                more++;
            }
            assertThat(more).isEqualTo(8);
            assertThat(journal.usedBytes()).isEqualTo(journal.capacityBytes() - 512);
            assertThatThrownBy(() -> Rings.append(journal, 400, 0, 0)).isInstanceOf(IllegalStateException.class);
            journal.releaseUpTo(journal.lastSequence());
            assertThat(journal.usedBytes()).isZero();
            assertThat(journal.fits(journal.maxPayloadBytes())).isTrue();
            assertThat(journal.fits(journal.maxPayloadBytes() + 1, true)).isFalse();
        }
    }

    @Test
    void onlyUnreleasedSequencesHaveAPosition() {
        try (Journal journal = Rings.fresh(Rings.ring(RING))) {
            Rings.append(journal, 10, 0, 0);
            Rings.append(journal, 10, 0, 0);
            assertThat(journal.positionAfter(0)).isZero();
            assertThat(journal.positionAfter(2)).isEqualTo(1024);
            journal.releaseUpTo(1);
            assertThat(journal.positionAfter(1)).isEqualTo(512);
            assertThatThrownBy(() -> journal.positionAfter(0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.releaseUpTo(3)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void refusesARecordThatClaimsMoreThanCanBe() {
        try (Journal journal = Rings.fresh(Rings.ring(RING))) {
            assertThatThrownBy(() -> Rings.append(journal, 10, 1, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Rings.append(journal, 10, 0, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> journal.append(RecordType.PAD, MemorySegment.NULL, 0, 0, 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(journal.isFailed()).isFalse();
            assertThat(Rings.append(journal, 10, 0, 0)).isEqualTo(1);
        }
    }

    /** D10: what a record without room left is a torn tail, at the end of the ring too. */
    @Test
    void aRecordWithoutRoomIsNotThereAndTheNextOneTakesItsPlace() {
        for (int before = 1; before < 40; before++) {
            SimDisk disk = new SimDisk(new InertScheduler(), before);
            SimDevice device = disk.create("journal", RING);
            try (Journal journal = Rings.fresh(device)) {
                for (int i = 1; i <= before; i++) {
                    Rings.append(journal, 700, 0, 0);
                    journal.releaseUpTo(i);
                }
                disk.faults(event -> event.op() == IoOp.WRITE ? Fault.ENOSPC : null);
                assertCode(Code.OUT_OF_BACKING, () -> journal.prepare(700));
                assertCode(Code.OUT_OF_BACKING, () -> Rings.append(journal, 700, 0, 0));
                // A PAD, one sector, finds its room, and the record behind it does not.
                disk.faults(event -> event.op() == IoOp.WRITE && event.lengthBytes() > 512 ? Fault.ENOSPC : null);
                assertCode(Code.OUT_OF_BACKING, () -> Rings.append(journal, 1400, 0, 0));
                disk.faults(FaultInjector.NONE);
                assertThat(journal.isFailed()).isFalse();
                assertThat(journal.lastSequence()).isEqualTo(before);
                assertThat(Rings.scan(device, Rings.after(journal, before)).records())
                        .isEmpty();
                journal.prepare(700);
                assertThat(Rings.scan(device, Rings.after(journal, before)).records())
                        .isEmpty();
                assertThat(Rings.append(journal, 700, 0, 0)).isEqualTo(before + 1);
                assertThat(Rings.append(journal, 90, 0, 0)).isEqualTo(before + 2);
                Replayed replayed = Rings.scan(device, Rings.after(journal, before));
                assertThat(replayed.records()).hasSize(2);
                replayed.records().forEach(Rings::assertContent);
            }
        }
    }

    /** A store that compresses has room for zeros when it has room for nothing else. */
    @Test
    void whatTakesTheRoomOfARecordDoesNotCompressAndIsNoRecord() {
        SimDevice device = Rings.ring(RING);
        try (Journal journal = Rings.fresh(device)) {
            Rings.append(journal, 100, 0, 0);
            journal.prepare(journal.maxPayloadBytes());
            byte[] taken = device.peek(512, journal.maxPayloadBytes());
            Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
            deflater.setInput(taken);
            deflater.finish();
            assertThat(deflater.deflate(new byte[2 * taken.length])).isGreaterThan(taken.length * 9 / 10);
            deflater.end();
            for (int at = 0; at < taken.length; at += 512) {
                assertThat(Arrays.copyOfRange(taken, at, at + 8)).containsOnly(0);
            }
        }
    }

    @Test
    void refusesEverythingAfterAFailedWriteOrForce() {
        for (Fault fault : Fault.values()) {
            for (IoOp op : new IoOp[] {IoOp.WRITE, IoOp.FORCE}) {
                SimDisk disk = new SimDisk(new InertScheduler(), 1);
                try (Journal journal = Rings.fresh(disk.create("journal", RING))) {
                    Rings.append(journal, 100, 0, 0);
                    if (op == IoOp.WRITE && fault == Fault.ENOSPC) {
                        continue; // see the next test
                    }
                    disk.faults(event -> event.op() == op ? fault : null);
                    ThrowingCallable faulty = op == IoOp.WRITE ? () -> Rings.append(journal, 9, 0, 0) : journal::force;
                    assertThatThrownBy(faulty).isInstanceOf(BlockSpaceException.class);
                    disk.faults(FaultInjector.NONE).reopen();
                    assertThat(journal.isFailed()).isTrue();
                    assertCode(Code.FAILED, () -> Rings.append(journal, 100, 0, 0));
                    assertCode(Code.FAILED, journal::force);
                    assertThat(journal.lastSequence()).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void anAppendIsOneWriteAndOneMoreWhereTheRingEnds() {
        SimDisk disk = new SimDisk(new InertScheduler(), 1);
        try (Journal journal = Rings.fresh(disk.create("journal", RING))) {
            for (int i = 0; i < 10; i++) {
                Rings.append(journal, 1000, 0, 0);
            }
            assertThat(disk.count(IoRole.JOURNAL, IoOp.WRITE)).isEqualTo(10);
            journal.releaseUpTo(10);
            // Two sectors are left.
            Rings.append(journal, 1200, 0, 0);
            assertThat(disk.count(IoRole.JOURNAL, IoOp.WRITE)).isEqualTo(12);
            assertThat(journal.positionAfter(11)).isEqualTo(3 * 512);
            assertThat(disk.count(IoRole.JOURNAL, IoOp.READ)).isZero();
        }
    }

    @Test
    void refusesARingThatIsTooSmallOrAPositionOutside() {
        assertThatThrownBy(() -> Rings.fresh(Rings.ring(15 * 512))).isInstanceOf(IllegalArgumentException.class);
        for (long position : new long[] {-512, 100, RING}) {
            assertThatThrownBy(() -> Journal.open(Rings.ring(RING), Rings.POOL, 1, position, 1, 0, 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertCode(Code.NEEDS_CHECK, () -> Rings.scan(Rings.ring(RING), new ReplayStart(1, 1, position, 0, 0, 0)));
        }
    }

    static void assertCode(Code code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
