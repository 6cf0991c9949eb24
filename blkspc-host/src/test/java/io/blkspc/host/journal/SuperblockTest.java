package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.checkpoint.CheckpointRoot;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SuperblockTest {

    private final SimDisk disk = new SimDisk(new InertScheduler(), 1);
    private final SimDevice device = disk.create("superblock", SuperblockStore.DEVICE_BYTES);
    private final SuperblockStore store = new SuperblockStore(device);

    private static Superblock sample() {
        return Superblock.create(Rings.POOL)
                .state(PoolState.CLEAN)
                .nodeMapValid(true)
                .salt(2)
                .checkpointSequence(3)
                .mark(4)
                .forced(5)
                .journalStart(6, 7)
                .segmentBytes(8)
                .dataBytes(9)
                .journalBytes(10)
                .segmentAreaBytes(11)
                .maxNodes(12)
                .createdMillis(13)
                .nodeMapEntries(14)
                .checkpointRoot(new CheckpointRoot(15, 16, 17, 18, 19, 20, 21, 22, 23))
                .dataLabel(new DataLabel(Rings.POOL, 23, 25));
    }

    @Test
    void layoutIsFrozen() {
        assertThat(Superblock.LENGTH).isEqualTo(4096);
        assertThat(Superblock.MAGIC_OFFSET).isEqualTo(0);
        assertThat(Superblock.CRC_OFFSET).isEqualTo(8);
        assertThat(Superblock.FORMAT_VERSION_OFFSET).isEqualTo(12);
        assertThat(Superblock.UUID_OFFSET).isEqualTo(16);
        assertThat(Superblock.INCOMPAT_OFFSET).isEqualTo(32);
        assertThat(Superblock.RO_COMPAT_OFFSET).isEqualTo(40);
        assertThat(Superblock.COMPAT_OFFSET).isEqualTo(48);
        assertThat(Superblock.GENERATION_OFFSET).isEqualTo(56);
        assertThat(Superblock.STATE_OFFSET).isEqualTo(64);
        assertThat(Superblock.FLAGS_OFFSET).isEqualTo(68);
        assertThat(Superblock.SALT_OFFSET).isEqualTo(72);
        assertThat(Superblock.CHECKPOINT_SEQUENCE_OFFSET).isEqualTo(80);
        assertThat(Superblock.MARK_OFFSET).isEqualTo(88);
        assertThat(Superblock.FORCED_OFFSET).isEqualTo(96);
        assertThat(Superblock.JOURNAL_POSITION_OFFSET).isEqualTo(104);
        assertThat(Superblock.JOURNAL_PREVIOUS_CRC_OFFSET).isEqualTo(112);
        assertThat(Superblock.SEGMENT_BYTES_OFFSET).isEqualTo(116);
        assertThat(Superblock.DATA_BYTES_OFFSET).isEqualTo(120);
        assertThat(Superblock.JOURNAL_BYTES_OFFSET).isEqualTo(128);
        assertThat(Superblock.SEGMENT_AREA_BYTES_OFFSET).isEqualTo(136);
        assertThat(Superblock.MAX_NODES_OFFSET).isEqualTo(144);
        assertThat(Superblock.CREATED_MILLIS_OFFSET).isEqualTo(152);
        assertThat(Superblock.NODE_MAP_ENTRIES_OFFSET).isEqualTo(160);
        assertThat(Superblock.CHECKPOINT_ROOT_OFFSET).isEqualTo(168);
        assertThat(Superblock.DATA_LABEL_OFFSET).isEqualTo(232);
        assertThat(Superblock.DATA_LABEL_NONCE_OFFSET).isEqualTo(240);
        assertThat(Superblock.RESERVED_OFFSET).isEqualTo(248);
        assertThat(PoolState.CLEAN.code()).isEqualTo(1);
        assertThat(PoolState.DIRTY.code()).isEqualTo(2);
        assertThat(PoolState.NEEDS_CHECK.code()).isEqualTo(3);
        assertThat(PoolState.FAILED.code()).isEqualTo(4);
    }

    /** Byte by byte, without the class under test. */
    @Test
    void aCopyIsTheseBytes() {
        store.write(sample());
        byte[] bytes = device.peek(4096, 4096);
        ByteBuffer copy = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(bytes, 0, 8, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("BLKSPCSB");
        assertThat(copy.getInt(8)).isEqualTo(crc(bytes));
        assertThat(copy.getInt(12)).isEqualTo(1);
        assertThat(copy.getLong(16)).isEqualTo(0x1122334455667788L);
        assertThat(copy.getLong(24)).isEqualTo(0x99aabbccddeeff00L);
        assertThat(copy.getLong(56)).isEqualTo(1);
        assertThat(copy.getInt(64)).isEqualTo(1);
        assertThat(copy.getInt(68)).isEqualTo(1);
        long[] expected = {2, 3, 4, 5, 6};
        for (int i = 0; i < expected.length; i++) {
            assertThat(copy.getLong(72 + 8 * i)).isEqualTo(expected[i]);
        }
        assertThat(copy.getInt(112)).isEqualTo(7);
        assertThat(copy.getInt(116)).isEqualTo(8);
        for (int i = 0; i < 6; i++) {
            assertThat(copy.getLong(120 + 8 * i)).isEqualTo(9 + i);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(copy.getLong(168 + 8 * i)).isEqualTo(15 + i);
            assertThat(copy.getInt(200 + 4 * i)).isEqualTo(19 + i);
        }
        assertThat(copy.getLong(216)).isEqualTo(23);
        assertThat(copy.getLong(224)).isZero();
        assertThat(copy.getLong(232)).as("block 23").isEqualTo(24);
        assertThat(copy.getLong(240)).isEqualTo(25);
        for (int at = 248; at < 4096; at++) {
            assertThat(bytes[at]).isZero();
        }
    }

    @Test
    void readReturnsWhatWasWrittenLast() {
        Superblock written = sample();
        for (int i = 1; i <= 5; i++) {
            store.write(written.mark(100 + i));
            SuperblockReading reading = new SuperblockStore(device).read();
            assertThat(reading.superblock().mark()).isEqualTo(100 + i);
            assertThat(reading.superblock().generation()).isEqualTo(i);
            assertThat(reading.superblock().toBytes()).isEqualTo(written.toBytes());
            assertThat(reading.isWritable()).isTrue();
        }
        assertThat(written.copy().toBytes()).isEqualTo(written.toBytes());
        assertThat(written.replayStart()).isEqualTo(new ReplayStart(2, 4, 6, 7, 105, 5));
        assertThat(written.checkpointRoot().objectCount()).isEqualTo(23);
    }

    @Test
    void everyBitFlipInOneCopyIsHealedByTheOther() {
        Superblock written = sample();
        store.writeBoth(written);
        for (long bit = 0; bit < SuperblockStore.DEVICE_BYTES * 8L; bit++) {
            device.flipBit(bit / 8, (int) (bit % 8));
            SuperblockReading reading = store.read();
            if (reading.damagedCopy() != bit / 8 / 4096 || reading.superblock().mark() != written.mark()) {
                throw new AssertionError("not noticed: bit=" + bit + ", reading=" + reading);
            }
            device.flipBit(bit / 8, (int) (bit % 8));
        }
        device.flipBit(5000, 1);
        SuperblockStore healing = new SuperblockStore(device);
        healing.write(healing.read().superblock());
        assertThat(new SuperblockStore(device).read().hasDamagedCopy()).isFalse();
    }

    @Test
    void damageToBothCopiesNeedsACheck() {
        store.writeBoth(sample());
        SplittableRandom random = new SplittableRandom(Rings.seed(4));
        for (int i = 0; i < 2000; i++) {
            int one = random.nextInt(4096);
            int two = 4096 + random.nextInt(4096);
            device.flipBit(one, 3);
            device.flipBit(two, 3);
            if (one < 8 && two < 4096 + 8) {
                JournalTest.assertCode(Code.NOT_FOUND, () -> new SuperblockStore(device).read());
            } else {
                JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(device).read());
            }
            device.flipBit(one, 3);
            device.flipBit(two, 3);
        }
    }

    @Test
    void copiesThatChangedPlacesNeedACheck() {
        store.writeBoth(sample());
        byte[] first = device.peek(0, 4096);
        device.poke(0, device.peek(4096, 4096));
        device.poke(4096, first);
        JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(device).read());
    }

    @Test
    void somethingElseIsNotAPool() {
        JournalTest.assertCode(Code.NOT_FOUND, store::read);
        byte[] text = new byte[8192];
        java.util.Arrays.fill(text, (byte) 'x');
        device.poke(0, text);
        JournalTest.assertCode(Code.NOT_FOUND, store::read);
        SimDevice cut = new SimDisk(new InertScheduler(), 1).create("superblock", 4096);
        JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(cut).read());
    }

    @Test
    void versionsAndFeaturesDecideWhoMayOpen() {
        store.writeBoth(sample());
        patchBoth(12, 2);
        JournalTest.assertCode(Code.TOO_NEW, () -> new SuperblockStore(device).read());
        patchBoth(12, 0);
        JournalTest.assertCode(Code.TOO_OLD, () -> new SuperblockStore(device).read());
        patchBoth(12, 1);
        patchBoth(32, 1 << 20);
        JournalTest.assertCode(Code.TOO_NEW, () -> new SuperblockStore(device).read());
        patchBoth(32, 0);
        patchBoth(40, 1 << 3);
        SuperblockReading reading = new SuperblockStore(device).read();
        assertThat(reading.isWritable()).isFalse();
        assertThat(reading.readOnlyReason()).contains("roCompat=0x8");
        patchBoth(40, 0);
        patchBoth(48, 1 << 3);
        assertThat(new SuperblockStore(device).read().isWritable()).isTrue();
        patchBoth(48, 0);
        patchBoth(4000, 1);
        JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(device).read());
        patchBoth(4000, 0);
        patchBoth(64, 9);
        JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(device).read());
    }

    @Test
    void aPowerCutLeavesTheOldOrTheNewOne() {
        SplittableRandom random = new SplittableRandom(Rings.seed(5));
        Superblock superblock = sample().mark(0);
        store.writeBoth(superblock);
        long[] now = {0};
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                for (CutKind kind : CutKind.values()) {
                    SimDevice after = disk.cut(random, kind).device("superblock");
                    long mark = new SuperblockStore(after).read().superblock().mark();
                    assertThat(mark).isBetween(now[0] - 1, now[0]);
                }
            }
            return null;
        });
        for (int i = 1; i <= 100; i++) {
            now[0] = i;
            store.writeBoth(superblock.mark(i));
            long mark = new SuperblockStore(disk.cut(random, CutKind.NONE).device("superblock"))
                    .read()
                    .superblock()
                    .mark();
            assertThat(mark).isEqualTo(i);
        }
    }

    @Test
    void writeBothLeavesNoOlderSuperblockAndForcesInBetween() {
        store.writeBoth(sample().mark(1));
        List<String> order = new ArrayList<>();
        disk.faults(event -> {
            order.add(event.op() + "@" + event.offsetBytes());
            return null;
        });
        store.writeBoth(sample().mark(2));
        assertThat(order).containsExactly("WRITE@4096", "FORCE@0", "WRITE@0", "FORCE@0");
        SimDevice after = disk.cut(new SplittableRandom(1), CutKind.NONE).device("superblock");
        for (int copy = 0; copy < 2; copy++) {
            after.flipBit(copy * 4096L + 100, 0);
            assertThat(new SuperblockStore(after).read().superblock().mark()).isEqualTo(2);
            after.flipBit(copy * 4096L + 100, 0);
        }
    }

    @Test
    void anUnreadableCopyIsHealedByTheOther() {
        store.writeBoth(sample());
        for (int copy = 0; copy < 2; copy++) {
            long offset = copy * 4096L;
            disk.faults(event -> event.op() == IoOp.READ && event.offsetBytes() == offset ? Fault.EIO : null);
            assertThat(new SuperblockStore(device).read().damagedCopy()).isEqualTo(copy);
        }
        disk.faults(event -> event.op() == IoOp.READ ? Fault.EIO : null);
        JournalTest.assertCode(Code.NEEDS_CHECK, () -> new SuperblockStore(device).read());
    }

    @Test
    void refusesEverythingAfterAFailedWriteOrForce() {
        for (IoOp op : new IoOp[] {IoOp.WRITE, IoOp.FORCE}) {
            SuperblockStore failing = new SuperblockStore(device);
            disk.faults(event -> event.op() == op ? Fault.EIO : null);
            assertThatThrownBy(() -> failing.writeBoth(sample())).isInstanceOf(BlockSpaceException.class);
            disk.faults(io.blkspc.host.sim.FaultInjector.NONE).reopen();
            JournalTest.assertCode(Code.FAILED, () -> failing.write(sample()));
            JournalTest.assertCode(Code.FAILED, failing::force);
        }
    }

    private void patchBoth(int offset, int value) {
        for (int copy = 0; copy < 2; copy++) {
            byte[] bytes = device.peek(copy * 4096L, 4096);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(8, crc(bytes));
            device.poke(copy * 4096L, bytes);
        }
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 12, 4096 - 12);
        return (int) crc.getValue();
    }
}
