package io.blkspc.xfsish.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Every structure on disk, byte for byte. Who changes one of these numbers changes the format. */
class LayoutTest {

    private static final UUID ID = new UUID(0x1122334455667788L, 0x99AABBCCDDEEFF00L);
    private static final Superblock SUPERBLOCK = new Superblock(ID, 1000, 5000, 5, 200, 1640, 4000, 77);

    private final MemorySegment block = Arena.ofAuto().allocate(4096, 8);

    /** Bytes that are not zero, as {@code offset:hex}; the checksum must be right and is left out. */
    private static List<String> bytes(MemorySegment block, int crcOffset, int length) {
        assertThat(Bytes.i32(block, crcOffset)).isEqualTo(Bytes.checksum(block, length, crcOffset));
        List<String> runs = new ArrayList<>();
        byte[] all = block.asSlice(0, length).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        for (int at = 0; at < length; at += 4) {
            String hex = HexFormat.of().formatHex(all, at, at + 4);
            if (at != crcOffset && !hex.equals("00000000")) {
                runs.add(at + ":" + hex);
            }
        }
        return runs;
    }

    private static String[] header(String magic, String address, String owner, String... rest) {
        List<String> all = new ArrayList<>(List.of("0:" + magic));
        if (!address.equals("00000000")) {
            all.add("8:" + address);
        }
        all.addAll(List.of("16:88776655", "20:44332211", "24:00ffeedd", "28:ccbbaa99"));
        if (!owner.equals("00000000")) {
            all.add("32:" + owner);
        }
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    private List<String> block() {
        return bytes(block, 4, 4096);
    }

    @Test
    void layoutOfTheSuperblockIsFrozen() {
        SUPERBLOCK.write(block);
        assertThat(block())
                .containsExactly(header(
                        "5853424b",
                        "00000000",
                        "00000000",
                        "64:01000000",
                        "68:e8030000",
                        "72:88130000",
                        "80:05000000",
                        "88:c8000000",
                        "96:68060000",
                        "104:a00f0000",
                        "120:4d000000"));
        assertThat(Superblock.read(block, 5000)).isEqualTo(SUPERBLOCK);
    }

    @Test
    void layoutOfAGroupHeaderIsFrozen() {
        GroupHeader group = new GroupHeader(2, 1000, 17, 3, 4, 1);
        group.write(block, ID, 1000);
        assertThat(block())
                .containsExactly(header(
                        "58414748",
                        "d0070000",
                        "02000000",
                        "64:e8030000",
                        "68:11000000",
                        "72:03000000",
                        "76:04000000",
                        "80:01000000"));
        assertThat(GroupHeader.read(block, SUPERBLOCK, 2)).isEqualTo(group);
        assertThat(GroupHeader.address(0, 1000)).isOne();
        assertThat(GroupHeader.firstDataBlock(2, 1000)).isEqualTo(2004);
    }

    @Test
    void layoutOfABitmapIsFrozen() {
        assertThat(BitmapBlock.BITS).isEqualTo(32_256);
        assertThat(BitmapBlock.address(BlockKind.BLOCK_BITMAP, 1, 1000)).isEqualTo(1001);
        assertThat(BitmapBlock.address(BlockKind.INODE_BITMAP, 1, 1000)).isEqualTo(1002);
        assertThat(BitmapBlock.address(BlockKind.FREE_INODE_BITMAP, 1, 1000)).isEqualTo(1003);
        BlockHeader.write(block, BlockKind.BLOCK_BITMAP, 1001, ID, 1);
        BitmapBlock.set(block, 0, true);
        BitmapBlock.set(block, 9, true);
        BlockHeader.seal(block);
        assertThat(block()).containsExactly(header("58424d42", "e9030000", "01000000", "64:01020000"));
        BitmapBlock.verify(block, BlockKind.BLOCK_BITMAP, SUPERBLOCK, 1, 1000);
    }

    @Test
    void layoutOfAnExtentLeafIsFrozen() {
        List<Extent> extents = List.of(new Extent(1, 2, 3, false), new Extent(0xFFFFFFF0L, 9, 2, true));
        ExtentBlock.write(block, 70, ID, 71, extents);
        assertThat(ExtentBlock.MAX_EXTENTS).isEqualTo(251);
        assertThat(block())
                .containsExactly(header(
                        "58455854",
                        "46000000",
                        "47000000",
                        "64:02000000",
                        "80:01000000",
                        "84:02000000",
                        "88:03000000",
                        "96:f0ffffff",
                        "100:09000000",
                        "104:02000000",
                        "108:01000000"));
        assertThat(ExtentBlock.read(block, 70, ID, 71)).isEqualTo(extents);
    }

    @Test
    void layoutOfAnInodeIsFrozen() {
        InodeFields fields = new InodeFields();
        fields.generation = 1;
        fields.mode = 0x81A4;
        fields.uid = 2;
        fields.gid = 3;
        fields.links = 4;
        fields.format = ForkFormat.LEAVES;
        fields.size = 5;
        fields.blocks = 6;
        fields.accessed = 7;
        fields.modified = 8;
        fields.changed = 9;
        fields.attributes = 10;
        fields.leaves = List.of(new InodeFields.Leaf(0, 11), new InodeFields.Leaf(12, 13));
        fields.write(block, 1641, ID);
        assertThat(bytes(block, 4, 512))
                .containsExactly(
                        "0:58494e4f",
                        "8:69060000",
                        "16:88776655",
                        "20:44332211",
                        "24:00ffeedd",
                        "28:ccbbaa99",
                        "32:01000000",
                        "36:a4810000",
                        "40:02000000",
                        "44:03000000",
                        "48:04000000",
                        "52:01000000",
                        "56:05000000",
                        "64:06000000",
                        "72:07000000",
                        "80:08000000",
                        "88:09000000",
                        "96:0a000000",
                        "112:02000000",
                        "132:0b000000",
                        "136:0c000000",
                        "140:0d000000");
        assertThat(InodeFields.read(block, 1641, ID).leaves).isEqualTo(fields.leaves);
        assertThat(InodeRecord.MAX_EXTENTS).isEqualTo(24);
        assertThat(InodeRecord.MAX_LEAVES).isEqualTo(48);
    }

    @Test
    void layoutOfADirectoryOfASymlinkAndOfAFreeInodeIsFrozen() {
        InodeFields fields = new InodeFields();
        fields.mode = InodeFields.SYMLINK;
        fields.format = ForkFormat.TARGET;
        fields.target = "abcd".getBytes(StandardCharsets.UTF_8);
        fields.size = 4;
        fields.write(block, 8, ID);
        assertThat(bytes(block, 4, 512)).contains("52:02000000", "112:04000000", "128:61626364");
        InodeRecord.writeFree(block, 8, ID, 5);
        assertThat(bytes(block, 4, 512))
                .containsExactly(
                        "0:58494e4f",
                        "8:08000000",
                        "16:88776655",
                        "20:44332211",
                        "24:00ffeedd",
                        "28:ccbbaa99",
                        "32:05000000");
        DirectoryBlock.format(block, 300, ID, 1640);
        assertThat(DirectoryBlock.add(block, 1641, InodeFields.FILE, "abcd".getBytes(StandardCharsets.UTF_8)))
                .isTrue();
        assertThat(DirectoryBlock.add(block, 1642, InodeFields.DIRECTORY, new byte[] {'e'}))
                .isTrue();
        assertThat(block())
                .containsExactly(header(
                        "58444952",
                        "2c010000",
                        "68060000",
                        "64:69060000",
                        "72:10000408",
                        "76:61626364",
                        "80:6a060000",
                        "88:b00f0104",
                        "92:65000000"));
        DirectoryBlock.verify(block, 300, ID, 1640);
        assertThat(DirectoryBlock.replace(block, new byte[] {'e'}, 0, 0)).isTrue();
        assertThat(block())
                .containsExactly(header(
                        "58444952",
                        "2c010000",
                        "68060000",
                        "64:69060000",
                        "72:c00f0408",
                        "76:61626364",
                        "88:b00f0000"));
    }

    @Test
    void layoutOfAnAttributeBlockIsFrozen() {
        TreeMap<String, byte[]> attributes = new TreeMap<>(Map.of("ab", new byte[] {1, 2}, "c", new byte[0]));
        AttributeBlock.write(block, 300, ID, 1641, attributes);
        assertThat(block())
                .containsExactly(header(
                        "58415452",
                        "2c010000",
                        "69060000",
                        "64:02000000",
                        "68:0d000000",
                        "72:02000200",
                        "76:61620102",
                        "80:01000000",
                        "84:63000000"));
        assertThat(AttributeBlock.read(block, 300, ID, 1641)).containsOnlyKeys("ab", "c");
    }

    @Test
    void layoutOfALogRecordIsFrozen() {
        LogRecord record = new LogRecord(6, 9, 8, 0x01020304, new long[] {0, 300});
        record.write(block, ID);
        assertThat(block())
                .containsExactly(header(
                        "584c4f47",
                        "06000000",
                        "09000000",
                        "64:09000000",
                        "72:08000000",
                        "80:02000000",
                        "84:04030201",
                        "136:2c010000"));
        assertThat(LogRecord.read(block, 6, SUPERBLOCK).addresses()).containsExactly(0, 300);
        assertThat(LogRecord.MAX_IMAGES).isEqualTo(496);
        assertThat(LogRecord.read(block, 7, SUPERBLOCK)).isNull();
    }
}
