package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.Root;
import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.journal.RecordWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The bytes of what the engine itself puts into the journal and into checkpoints. A pool on disk depends on each of them. */
class CoreFormatTest {

    private static final UUID ID = new UUID(0x0102030405060708L, 0x1112131415161718L);
    private static final String ID_BYTES = "0807060504030201" + "1817161514131211";

    private final MemorySegment memory = Arena.ofAuto().allocate(8192, 8);

    @Test
    void layoutIsFrozen() {
        assertRecord(
                new LogRecord.Create(7, ID, 0x10000, 0x99, 5, 6, "vm"),
                RecordType.CREATE,
                "0700000000000000" + ID_BYTES + "0000010000000000" + "9900000000000000" + "0500000000000000"
                        + "0600000000000000" + "0200766d");
        assertRecord(
                new LogRecord.Snapshot(0x99, List.of(new LogRecord.Frozen(3, 4, ID, "a@s"))),
                RecordType.SNAPSHOT,
                "9900000000000000" + "01000000" + "0300000000000000" + "0400000000000000" + ID_BYTES + "0300614073");
        assertRecord(
                new LogRecord.Clone(3, 4, ID, 0x99, 5, 6, List.of(new LogRecord.Target(8, ID, "b"))),
                RecordType.CLONE,
                "0300000000000000" + "0400000000000000" + ID_BYTES + "9900000000000000" + "0500000000000000"
                        + "0600000000000000" + "01000000" + "0800000000000000" + ID_BYTES + "010062");
        assertRecord(
                new LogRecord.Destroy(List.of(3L, 4L)),
                RecordType.DESTROY,
                "02000000" + "0300000000000000" + "0400000000000000");
        assertRecord(new LogRecord.Rename(3, "vm"), RecordType.RENAME, "0300000000000000" + "0200766d");
        assertRecord(
                new LogRecord.Rollback(3, 4, 5, ID, 0x99, "k"),
                RecordType.ROLLBACK,
                "0300000000000000" + "0400000000000000" + "0500000000000000" + ID_BYTES + "9900000000000000"
                        + "01006b");
        assertRecord(
                new LogRecord.Resize(3, 0x5000, 4),
                RecordType.RESIZE,
                "0300000000000000" + "0050000000000000" + "0400000000000000");
        assertRecord(new LogRecord.Hold(3, true, "vm"), RecordType.HOLD, "0300000000000000" + "01" + "0200766d");
        assertRecord(new LogRecord.Hold(3, false, "vm"), RecordType.HOLD, "0300000000000000" + "00" + "0200766d");
        assertRecord(
                new LogRecord.Reap(LogRecord.Reap.Step.SORT, 3, 4, 5),
                RecordType.REAP,
                "03" + "0300000000000000" + "0400000000000000" + "0500000000000000");
    }

    private void assertRecord(LogRecord record, RecordType type, String bytes) {
        RecordWriter out = new RecordWriter().wrap(memory, 0);
        record.write(out);
        assertThat(hex(out.length())).isEqualTo(bytes);
        assertThat(record.type()).isEqualTo(type);
        RecordReader in = new RecordReader().wrap(memory, 0, out.length(), "test", 0);
        assertThat(LogRecord.read(type, in)).isEqualTo(record);
        in.expectEnd();
    }

    @Test
    void reapStepsKeepTheirCodes() {
        assertThat(LogRecord.Reap.Step.values())
                .extracting(Enum::name)
                .containsExactly("WALK", "REMOVE", "MERGE", "SORT", "DETACH", "GIVE_UP");
        new RecordWriter().wrap(memory, 0).putByte(6).putLong(1).putLong(2).putLong(3);
        RecordReader in = new RecordReader().wrap(memory, 0, 25, "test", 0);
        assertThatThrownBy(() -> LogRecord.read(RecordType.REAP, in)).isInstanceOf(CorruptSpaceException.class);
    }

    @Test
    void extentsAreFrozen() {
        ExtentsPayload payload = ExtentsPayload.allocate(Arena.ofAuto(), 512).begin(9, 10);
        payload.add(0x11, 2, 0x2A_BBCC_DDEEL, ExtentsPayload.WRITTEN, true, 0x01020304);
        payload.add(0xFFFF_FFFFL, 1, 0, ExtentsPayload.NONE, false, 0);
        MemorySegment.copy(payload.segment(), 0, memory, 0, payload.lengthBytes());
        assertThat(hex(payload.lengthBytes()))
                .isEqualTo("0900000000000000" + "0a00000000000000" + "02000000" + "00000000"
                        + "11000000" + "12000000" + "eeddccbbaa010000" + "04030201" + "00000000"
                        + "ffffffff" + "ffffffff" + "0000000000000000" + "00000000" + "00000000");
        ExtentsPayload view = ExtentsPayload.view(memory.asSlice(0, payload.lengthBytes()));
        assertThat(view.physicalBlock(0)).isEqualTo(0x2A_BBCC_DDEEL);
        assertThat(view.state(0)).isEqualTo(ExtentsPayload.WRITTEN);
        assertThat(view.blockCount(1)).isEqualTo(1);
    }

    @Test
    void extentsThatMakeNoSenseAreDamage() {
        ExtentsPayload payload = ExtentsPayload.allocate(Arena.ofAuto(), 512).begin(9, 10);
        payload.add(4, 2, 77, ExtentsPayload.WRITTEN, true, 1);
        int length = payload.lengthBytes();
        long[] offsets = {16, 20, 24 + 4, 24 + 8 + 4, 24 + 8 + 5, 24 + 20};
        int[] values = {2, 1, 3, 0xC0, 0x02, 1};
        for (int i = 0; i < offsets.length; i++) {
            MemorySegment.copy(payload.segment(), 0, memory, 0, length);
            memory.set(ValueLayout.JAVA_BYTE, offsets[i], (byte) values[i]);
            assertThatThrownBy(() -> ExtentsPayload.view(memory.asSlice(0, length)))
                    .as("offset %s", offsets[i])
                    .isInstanceOf(CorruptSpaceException.class);
        }
        assertThatThrownBy(() -> ExtentsPayload.view(memory.asSlice(0, 10))).isInstanceOf(CorruptSpaceException.class);
    }

    @Test
    void poolAndVersionObjectsAreFrozen() {
        Catalogue catalogue = new Catalogue();
        catalogue.epoch = 0x21;
        catalogue.restoreIds(0x22, 0x23, 0x24);
        int length = CatalogueImage.encodePool(catalogue, memory);
        assertThat(hex(length))
                .isEqualTo("2100000000000000" + "2200000000000000" + "2300000000000000" + "2400000000000000"
                        + "0000000000000000".repeat(5));
        CatalogueImage image = new CatalogueImage();
        image.loadPool(memory, 0, length);

        Version version = new Version(1, ID);
        version.name = "vm";
        version.sizeBytes = 0x5000;
        version.createdMillis = 6;
        version.originId = 7;
        version.root = new Root(8, 9);
        version.mappedBlocks = 10;
        version.exclusiveBlocks = 11;
        version.ownedNodes = 12;
        version.guaranteeBlocks = 13;
        version.limitBlocks = 14;
        version.detachedAfter = 15;
        length = CatalogueImage.encodeVersion(version, memory);
        assertThat(hex(length))
                .isEqualTo(ID_BYTES + "0000000000000000" + "0000000000000000" + "0050000000000000" + "0600000000000000"
                        + "0700000000000000" + "0800000000000000" + "0900000000000000" + "0a00000000000000"
                        + "0b00000000000000" + "0c00000000000000" + "0000000000000000" + "0000000000000000"
                        + "ffffffffffffffff"
                        + "0f00000000000000" + "0d00000000000000" + "0e00000000000000" + "0200766d");
        image.loadVersion(1, memory, 0, length);
        Version loaded = image.link().byName("vm");
        assertThat(loaded).usingRecursiveComparison().ignoringFields("dirty").isEqualTo(version);
    }

    @Test
    void tailOfAVersionIsFrozen() {
        Version version = new Version(1, ID);
        version.name = "vm";
        version.sizeBytes = 0x5000;
        int without = CatalogueImage.encodeVersion(version, memory);
        version.tailBlocks = 6;
        int length = CatalogueImage.encodeVersion(version, memory);
        assertThat(hex(length).substring(2 * without)).isEqualTo("0600000000000000");
        CatalogueImage image = new CatalogueImage();
        CatalogueImage.encodePool(new Catalogue(), memory.asSlice(4096));
        image.loadPool(memory, 4096, 72);
        image.loadVersion(1, memory, 0, length);
        assertThat(image.link().byName("vm").tailBlocks).isEqualTo(6);
        for (long wrong : new long[] {5, -1, 1L << 33}) {
            version.tailBlocks = wrong;
            int wrongLength = CatalogueImage.encodeVersion(version, memory);
            assertThatThrownBy(() -> new CatalogueImage().loadVersion(1, memory, 0, wrongLength))
                    .isInstanceOf(CorruptSpaceException.class);
        }
    }

    @Test
    void tagsOfAVersionAreFrozen() {
        Version version = new Version(1, ID);
        version.name = "v@s";
        version.sizeBytes = 0x5000;
        version.freezeEpoch = 2;
        int without = CatalogueImage.encodeVersion(version, memory);
        version.holds.add("b");
        version.holds.add("a");
        int length = CatalogueImage.encodeVersion(version, memory);
        assertThat(hex(length).substring(2 * without)).isEqualTo("010061" + "010062");
        CatalogueImage image = new CatalogueImage();
        CatalogueImage.encodePool(new Catalogue(), memory.asSlice(4096));
        image.loadPool(memory, 4096, 72);
        image.loadVersion(1, memory, 0, length);
        assertThat(image.link().byName("v@s").holds).containsExactly("a", "b");
        assertThatThrownBy(() -> new CatalogueImage().loadVersion(1, memory, 0, length - 1))
                .isInstanceOf(CorruptSpaceException.class);
    }

    @Test
    void deadlistsAreFrozen() {
        DeadList list = new DeadList();
        list.addBlocks(() -> 5, 0x1234, 7, 0x99);
        list.addNode(() -> 5, 0x77, 0x98);
        int length = list.encode(0, memory);
        assertThat(hex(length))
                .isEqualTo("0000000000000000" + "02000000" + "00000000" + "3412000000000000" + "9900000000070000"
                        + "7700000000000080" + "9800000000000000");
        assertThat(DeadList.decode(5, memory.asSlice(0, length)).chunk().entries)
                .isEqualTo(2);
        memory.set(ValueLayout.JAVA_BYTE, 12, (byte) 1);
        assertThat(DeadList.decode(5, memory.asSlice(0, length))).isNull();
        assertThat(DeadList.decode(5, memory.asSlice(0, 8))).isNull();
    }

    @Test
    void freeMapPagesAreFrozen() {
        FreeSpace space = new FreeSpace(FreeMapImage.PAGE_BLOCKS + 100);
        space.markUsed(FreeMapImage.PAGE_BLOCKS + 65, 3);
        assertThat(FreeMapImage.encode(space, 0, memory)).isFalse();
        assertThat(FreeMapImage.encode(space, 1, memory)).isTrue();
        assertThat(hex(16)).isEqualTo("0000000000000000" + "0e00000000000000");
        FreeSpace loaded = new FreeSpace(FreeMapImage.PAGE_BLOCKS + 100);
        assertThat(FreeMapImage.load(loaded, 1, memory, 0, FreeMapImage.PAGE_BYTES))
                .isTrue();
        assertThat(loaded.freeBlocks()).isEqualTo(space.freeBlocks());
        assertThat(FreeMapImage.load(loaded, 2, memory, 0, FreeMapImage.PAGE_BYTES))
                .isFalse();
        memory.set(ValueLayout.JAVA_BYTE, 100, (byte) 1); // beyond the last block
        FreeSpace other = new FreeSpace(FreeMapImage.PAGE_BLOCKS + 100);
        assertThat(FreeMapImage.load(other, 1, memory, 0, FreeMapImage.PAGE_BYTES))
                .isFalse();
    }

    private String hex(int length) {
        return HexFormat.of().formatHex(memory.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
    }
}
