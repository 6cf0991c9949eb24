package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SegmentFormatTest {

    @Test
    void layoutIsFrozen() {
        assertThat(SegmentTable.MAGIC_OFFSET).isEqualTo(0);
        assertThat(SegmentTable.CRC_OFFSET).isEqualTo(8);
        assertThat(SegmentTable.SEGMENT_INDEX_OFFSET).isEqualTo(12);
        assertThat(SegmentTable.UUID_OFFSET).isEqualTo(16);
        assertThat(SegmentTable.GENERATION_OFFSET).isEqualTo(32);
        assertThat(SegmentTable.WRITE_NUMBER_OFFSET).isEqualTo(40);
        assertThat(SegmentTable.COUNT_OFFSET).isEqualTo(48);
        assertThat(SegmentTable.IMAGE_BYTES_OFFSET).isEqualTo(52);
        assertThat(SegmentTable.RESERVED_OFFSET).isEqualTo(56);
        assertThat(SegmentTable.HEADER_LENGTH).isEqualTo(64);
        assertThat(SegmentTable.ENTRY_ID_OFFSET).isEqualTo(0);
        assertThat(SegmentTable.ENTRY_CRC_OFFSET).isEqualTo(8);
        assertThat(SegmentTable.ENTRY_OFFSET_OFFSET).isEqualTo(12);
        assertThat(SegmentTable.ENTRY_LENGTH_OFFSET).isEqualTo(16);
        assertThat(SegmentTable.ENTRY_KIND_OFFSET).isEqualTo(20);
        assertThat(SegmentTable.ENTRY_LENGTH).isEqualTo(24);

        assertThat(DirectoryPage.LENGTH).isEqualTo(4096);
        assertThat(DirectoryPage.MAGIC_OFFSET).isEqualTo(0);
        assertThat(DirectoryPage.CRC_OFFSET).isEqualTo(4);
        assertThat(DirectoryPage.UUID_OFFSET).isEqualTo(8);
        assertThat(DirectoryPage.PAGE_INDEX_OFFSET).isEqualTo(24);
        assertThat(DirectoryPage.SLOT_OFFSET).isEqualTo(28);
        assertThat(DirectoryPage.HEADER_LENGTH).isEqualTo(32);
        assertThat(DirectoryPage.ENTRY_WRITE_NUMBER_OFFSET).isEqualTo(0);
        assertThat(DirectoryPage.ENTRY_TABLE_CRC_OFFSET).isEqualTo(8);
        assertThat(DirectoryPage.ENTRY_COUNT_OFFSET).isEqualTo(12);
        assertThat(DirectoryPage.ENTRY_SECTORS_OFFSET).isEqualTo(14);
        assertThat(DirectoryPage.ENTRY_LIVE_OFFSET).isEqualTo(16);
        assertThat(DirectoryPage.entriesPerPage(2048)).isEqualTo(14);
        assertThat(DirectoryPage.entriesPerPage(32)).isEqualTo(203);

        assertThat(CheckpointRoot.GENERATION_OFFSET).isEqualTo(0);
        assertThat(CheckpointRoot.WRITE_NUMBER_OFFSET).isEqualTo(8);
        assertThat(CheckpointRoot.DIRECTORY_OFFSET_OFFSET).isEqualTo(16);
        assertThat(CheckpointRoot.SEGMENTS_OFFSET_OFFSET).isEqualTo(24);
        assertThat(CheckpointRoot.SEGMENT_COUNT_OFFSET).isEqualTo(32);
        assertThat(CheckpointRoot.SEGMENT_BYTES_OFFSET).isEqualTo(36);
        assertThat(CheckpointRoot.DIRECTORY_PAGES_OFFSET).isEqualTo(40);
        assertThat(CheckpointRoot.DIRECTORY_CRC_OFFSET).isEqualTo(44);
        assertThat(CheckpointRoot.OBJECT_COUNT_OFFSET).isEqualTo(48);
        assertThat(CheckpointRoot.RESERVED_OFFSET).isEqualTo(56);
        assertThat(CheckpointRoot.LENGTH).isEqualTo(64);
    }

    @Test
    void kindCodesAreFrozen() {
        assertThat(ObjectKind.NODE.code()).isEqualTo(1);
        assertThat(ObjectKind.VERSION.code()).isEqualTo(2);
        assertThat(ObjectKind.DEADLIST.code()).isEqualTo(3);
        assertThat(ObjectKind.FREEMAP.code()).isEqualTo(4);
        assertThat(ObjectKind.POOL.code()).isEqualTo(5);
        assertThat(ObjectKind.NAME.code()).isEqualTo(6);
    }

    /** Byte by byte, without the classes that write: what another program must be able to read, from the root down. */
    @Test
    void aCheckpointIsTheseBytes() {
        SimDisk disk = Images.disk(1, 1 << 20);
        SimDevice device = disk.device("segments");
        CheckpointRoot root;
        try (SegmentStore store = Images.store(disk)) {
            CheckpointWriter writer = store.begin(9);
            writer.put(ObjectKind.NODE, 77, MemorySegment.ofArray("dead".getBytes(StandardCharsets.US_ASCII)), 4);
            writer.put(
                    ObjectKind.POOL, 1, MemorySegment.ofArray("hello, pool".getBytes(StandardCharsets.US_ASCII)), 11);
            writer.put(ObjectKind.NODE, 77, MemorySegment.ofArray("alive".getBytes(StandardCharsets.US_ASCII)), 5);
            root = writer.finish();
        }
        assertThat(root).isEqualTo(new CheckpointRoot(9, 1, 0, 8192, 63, 16384, 1, root.directoryCrc(), 2));

        byte[] page = device.peek(0, 4096);
        ByteBuffer directory = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(page, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("BKDR");
        assertThat(directory.getInt(4)).isEqualTo(crc(page, 8, 4096));
        assertThat(directory.getLong(8)).isEqualTo(0x1122334455667788L);
        assertThat(directory.getLong(16)).isEqualTo(0x99aabbccddeeff00L);
        assertThat(directory.getInt(24)).isZero();
        assertThat(directory.getInt(28)).isZero();
        assertThat(root.directoryCrc()).isEqualTo(crc(page, 4, 8));
        assertThat(directory.getLong(32)).isEqualTo(1);
        assertThat(directory.getShort(44)).isEqualTo((short) 3);
        assertThat(directory.getShort(46)).isEqualTo((short) 2);
        assertThat(directory.getInt(48)).isEqualTo(0b110);
        for (int at = 52; at < 4096; at++) {
            assertThat(page[at]).isZero();
        }

        byte[] bytes = device.peek(8192, 16384);
        ByteBuffer segment = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(bytes, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("BLKSPCSG");
        assertThat(segment.getInt(8)).isEqualTo(crc(bytes, 12, 512)).isEqualTo(directory.getInt(40));
        assertThat(segment.getInt(12)).isZero();
        assertThat(segment.getLong(16)).isEqualTo(0x1122334455667788L);
        assertThat(segment.getLong(32)).isEqualTo(9);
        assertThat(segment.getLong(40)).isEqualTo(1);
        assertThat(segment.getInt(48)).isEqualTo(3);
        assertThat(segment.getInt(52)).isEqualTo(8 + 16 + 8);
        assertEntry(segment, 0, 77, 512, 1, "dead");
        assertEntry(segment, 1, 1, 520, 5, "hello, pool");
        assertEntry(segment, 2, 77, 536, 1, "alive");
        for (int at = 64 + 3 * 24; at < 512; at++) {
            assertThat(bytes[at]).isZero();
        }
    }

    /** Every field of directory entry and table with values no writer makes, and CRCs that fit all the way up. */
    @Test
    void impossibleFieldsAreDamageEvenWithCrcsThatFit() {
        SimDisk disk = Images.disk(1, 1 << 20);
        SimDevice device = disk.device("segments");
        Map<Images.ObjectKey, byte[]> model = new TreeMap<>();
        CheckpointRoot root;
        try (SegmentStore store = Images.store(disk)) {
            CheckpointWriter writer = store.begin(1);
            for (int id = 0; id < 3; id++) {
                Images.put(writer, model, new Images.ObjectKey(ObjectKind.NODE, id), new byte[100 * id]);
            }
            root = writer.finish();
        }
        byte[] page = device.peek(0, 4096);
        byte[] table = device.peek(8192, 512);
        long[] values = {0, 1, 2, 7, 255, 256, 0x7fff, 0xffff, 0x7fffffff, 0x80000000L, -1, Long.MIN_VALUE};
        int refused = 0;
        for (int at = 0; at < 64 + 3 * 24 + 24; at++) {
            boolean inTable = at < 64 + 3 * 24;
            for (long value : values) {
                byte[] newPage = page.clone();
                byte[] newTable = table.clone();
                ByteBuffer.wrap(inTable ? newTable : newPage)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(inTable ? at : at - (64 + 3 * 24) + 32, value);
                CheckpointRoot sealed = reseal(root, newPage, newTable, inTable);
                device.poke(0, newPage);
                device.poke(8192, newTable);
                try {
                    assertThat(Images.same(Images.load(disk, sealed), model)).isTrue();
                } catch (CorruptSpaceException e) {
                    refused++;
                }
            }
        }
        assertThat(refused).isGreaterThan(1000);
    }

    @Test
    void anObjectThatIsLiveTwiceIsDamage() {
        SimDisk disk = Images.disk(1, 1 << 20);
        CheckpointRoot root;
        try (SegmentStore store = Images.store(disk)) {
            CheckpointWriter writer = store.begin(1);
            writer.put(ObjectKind.NODE, 7, MemorySegment.ofArray(new byte[] {1}), 1);
            writer.put(ObjectKind.NODE, 7, MemorySegment.ofArray(new byte[] {2}), 1);
            root = writer.finish();
        }
        byte[] page = disk.device("segments").peek(0, 4096);
        assertThat(page[48]).isEqualTo((byte) 0b10);
        page[48] = 0b11;
        CheckpointRoot sealed = reseal(root, page, new byte[512], false);
        disk.device("segments").poke(0, page);
        assertThatThrownBy(() -> Images.load(disk, sealed))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessageContaining("live twice");
    }

    private static CheckpointRoot reseal(CheckpointRoot root, byte[] page, byte[] table, boolean withTable) {
        if (withTable) {
            int tableCrc = crc(table, 12, 512);
            ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).putInt(8, tableCrc);
            ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).putInt(40, tableCrc);
        }
        ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).putInt(4, crc(page, 8, 4096));
        return new CheckpointRoot(
                root.generation(),
                root.writeNumber(),
                root.directoryOffset(),
                root.segmentsOffset(),
                root.segmentCount(),
                root.segmentBytes(),
                root.directoryPages(),
                crc(page, 4, 8),
                root.objectCount());
    }

    private static void assertEntry(ByteBuffer segment, int entry, long id, int offset, int kind, String image) {
        int at = 64 + 24 * entry;
        assertThat(segment.getLong(at)).isEqualTo(id);
        assertThat(segment.getInt(at + 12)).isEqualTo(offset);
        assertThat(segment.getInt(at + 16)).isEqualTo(image.length());
        assertThat(segment.getInt(at + 20)).isEqualTo(kind);
        byte[] found = new byte[image.length()];
        segment.get(offset, found);
        assertThat(new String(found, StandardCharsets.US_ASCII)).isEqualTo(image);
        byte[] covered = new byte[24 + found.length];
        ByteBuffer.wrap(covered)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(1)
                .putLong(kind)
                .putLong(id)
                .put(found);
        assertThat(segment.getInt(at + 8)).isEqualTo(crc(covered, 0, covered.length));
    }

    private static int crc(byte[] bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, to - from);
        return (int) crc.getValue();
    }
}
