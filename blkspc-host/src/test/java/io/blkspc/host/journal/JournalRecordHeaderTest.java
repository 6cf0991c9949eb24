package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.IoRole;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.Transfers;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class JournalRecordHeaderTest {

    @Test
    void layoutIsFrozen() {
        assertThat(JournalRecordHeader.MAGIC_OFFSET).isEqualTo(0);
        assertThat(JournalRecordHeader.HEADER_CRC_OFFSET).isEqualTo(4);
        assertThat(JournalRecordHeader.PAYLOAD_CRC_OFFSET).isEqualTo(8);
        assertThat(JournalRecordHeader.PREVIOUS_CRC_OFFSET).isEqualTo(12);
        assertThat(JournalRecordHeader.UUID_OFFSET).isEqualTo(16);
        assertThat(JournalRecordHeader.SALT_OFFSET).isEqualTo(32);
        assertThat(JournalRecordHeader.SEQUENCE_OFFSET).isEqualTo(40);
        assertThat(JournalRecordHeader.MARK_OFFSET).isEqualTo(48);
        assertThat(JournalRecordHeader.FORCED_OFFSET).isEqualTo(56);
        assertThat(JournalRecordHeader.POSITION_OFFSET).isEqualTo(64);
        assertThat(JournalRecordHeader.TYPE_OFFSET).isEqualTo(72);
        assertThat(JournalRecordHeader.FLAGS_OFFSET).isEqualTo(74);
        assertThat(JournalRecordHeader.PAYLOAD_LENGTH_OFFSET).isEqualTo(76);
        assertThat(JournalRecordHeader.TOTAL_LENGTH_OFFSET).isEqualTo(80);
        assertThat(JournalRecordHeader.RESERVED_OFFSET).isEqualTo(84);
        assertThat(JournalRecordHeader.LENGTH).isEqualTo(112);
        assertThat(JournalRecordHeader.ALIGNMENT).isEqualTo(512);
    }

    @Test
    void typeCodesAreFrozen() {
        assertThat(RecordType.EXTENTS.code()).isEqualTo(1);
        assertThat(RecordType.CREATE.code()).isEqualTo(2);
        assertThat(RecordType.SNAPSHOT.code()).isEqualTo(3);
        assertThat(RecordType.CLONE.code()).isEqualTo(4);
        assertThat(RecordType.DESTROY.code()).isEqualTo(5);
        assertThat(RecordType.REAP.code()).isEqualTo(6);
        assertThat(RecordType.MARK.code()).isEqualTo(7);
        assertThat(RecordType.RESIZE.code()).isEqualTo(8);
        assertThat(RecordType.HOLD.code()).isEqualTo(11);
        assertThat(RecordType.RENAME.code()).isEqualTo(9);
        assertThat(RecordType.PAD.code()).isEqualTo(255);
    }

    /** Byte by byte, without the classes under test: what another program must be able to read. */
    @Test
    void aRecordIsTheseBytes() {
        SimDevice device = Rings.ring(8192);
        try (Journal journal = Journal.open(device, Rings.POOL, Rings.SALT, 512, 42, 0x01020304, 512)) {
            journal.append(RecordType.CLONE, MemorySegment.ofArray(new byte[] {'a', 'b', 'c'}), 3, 40, 41);
        }
        byte[] bytes = Transfers.read(device, 512, 512, IoRole.JOURNAL);
        ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(bytes, 0, 4, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("BKJL");
        assertThat(record.getInt(4)).isEqualTo(crc(bytes, 8, 112));
        assertThat(record.getInt(8)).isEqualTo(crc(bytes, 112, 512));
        assertThat(record.getInt(12)).isEqualTo(0x01020304);
        assertThat(record.getLong(16)).isEqualTo(0x1122334455667788L);
        assertThat(record.getLong(24)).isEqualTo(0x99aabbccddeeff00L);
        assertThat(record.getLong(32)).isEqualTo(Rings.SALT);
        assertThat(record.getLong(40)).isEqualTo(42);
        assertThat(record.getLong(48)).isEqualTo(40);
        assertThat(record.getLong(56)).isEqualTo(41);
        assertThat(record.getLong(64)).isEqualTo(512);
        assertThat(record.getShort(72)).isEqualTo((short) 4);
        assertThat(record.getShort(74)).isZero();
        assertThat(record.getInt(76)).isEqualTo(3);
        assertThat(record.getInt(80)).isEqualTo(512);
        for (int at = 84; at < 112; at++) {
            assertThat(bytes[at]).isZero();
        }
        assertThat(new String(bytes, 112, 3, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("abc");
        for (int at = 115; at < 512; at++) {
            assertThat(bytes[at]).isZero();
        }
    }

    @Test
    void paddingIsZeroAlsoAfterALongerRecord() {
        SimDevice device = Rings.ring(8192);
        try (Journal journal = Rings.fresh(device)) {
            Rings.append(journal, 400, 0, 0);
            Rings.append(journal, 3, 0, 0);
        }
        byte[] bytes = Transfers.read(device, 512, 512, IoRole.JOURNAL);
        for (int at = 115; at < 512; at++) {
            assertThat(bytes[at]).isZero();
        }
    }

    private static int crc(byte[] bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }
}
