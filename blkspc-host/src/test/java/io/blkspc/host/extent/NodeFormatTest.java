package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class NodeFormatTest {

    private static final long TAG = 0x1122334455667788L;

    @Test
    void layoutIsFrozen() {
        assertThat(NodeFormat.BYTES).isEqualTo(3112);
        assertThat(NodeFormat.MAGIC_OFFSET).isEqualTo(0);
        assertThat(NodeFormat.CRC_OFFSET).isEqualTo(4);
        assertThat(NodeFormat.NODE_ID_OFFSET).isEqualTo(8);
        assertThat(NodeFormat.POOL_TAG_OFFSET).isEqualTo(16);
        assertThat(NodeFormat.LEVEL_OFFSET).isEqualTo(24);
        assertThat(NodeFormat.RESERVED_BYTE_OFFSET).isEqualTo(25);
        assertThat(NodeFormat.COUNT_OFFSET).isEqualTo(26);
        assertThat(NodeFormat.RESERVED_INT_OFFSET).isEqualTo(28);
        assertThat(NodeFormat.FIRST_BLOCK_OFFSET).isEqualTo(32);
        assertThat(NodeFormat.ENTRIES_OFFSET).isEqualTo(40);
        assertThat(NodeFormat.ENTRY_BYTES).isEqualTo(12);
        assertThat(NodeFormat.ENTRIES_OFFSET + 256 * NodeFormat.ENTRY_BYTES).isEqualTo(3112);
        assertThat(NodeFormat.MAGIC).isEqualTo(0x444E5458);
    }

    @Test
    void headerFieldsLieWhereTheTableSays() {
        ByteBuffer raw = leaf();
        assertThat(raw.get(0)).isEqualTo((byte) 'X');
        assertThat(raw.get(3)).isEqualTo((byte) 'D');
        assertThat(raw.getInt(4)).isEqualTo(crc(raw));
        assertThat(raw.getLong(8)).isEqualTo(0x0123456789ABCDL);
        assertThat(raw.getLong(16)).isEqualTo(TAG);
        assertThat(raw.get(24)).isEqualTo((byte) 0);
        assertThat(raw.getShort(26)).isEqualTo((short) 2);
        assertThat(raw.getLong(32)).isEqualTo(0xFEDCBA00L);
    }

    @Test
    void leafEntryBitsLieWhereTheTableSays() {
        ByteBuffer raw = leaf();
        // start=3, length-1=4, state=2, physical=0x2A_BCDE_F012, birth=0x98_7654_3210
        assertThat(raw.getLong(40)).isEqualTo(3L | (4L << 8) | (2L << 16) | (0x2ABCDEF012L << 18) | (0x10L << 56));
        assertThat(raw.getInt(48)).isEqualTo(0x98765432);
        assertThat(raw.getLong(52)).isEqualTo(255L | (0L << 8) | (1L << 16) | (7L << 18) | (1L << 56));
        assertThat(raw.getInt(60)).isZero();
    }

    @Test
    void innerSlotBitsLieWhereTheTableSays() {
        ByteBuffer raw = inner();
        assertThat(raw.get(24)).isEqualTo((byte) 1);
        assertThat(raw.getShort(26)).isEqualTo((short) 3);
        assertThat(raw.getLong(40)).isEqualTo(1L | (0x3FFFFFFFFFFFFFL << 2) | (5L << 56));
        assertThat(raw.getLong(40 + 12 * 7)).isEqualTo(2L | (0x100L << 2) | (6L << 56));
        assertThat(raw.getLong(40 + 12 * 255)).isEqualTo(2L | (0x3FFFFFFF00L << 2) | (7L << 56));
        assertThat(raw.getInt(40 + 12 * 255 + 8)).isZero();
    }

    @Test
    void everyFlippedByteIsFound() {
        ByteBuffer raw = leaf();
        for (int offset = 0; offset < NodeFormat.BYTES; offset++) {
            raw.put(offset, (byte) (raw.get(offset) ^ 0x40));
            assertThatThrownBy(() -> decode(raw)).isInstanceOf(CorruptSpaceException.class);
            raw.put(offset, (byte) (raw.get(offset) ^ 0x40));
        }
        assertThatCode(() -> decode(raw)).doesNotThrowAnyException();
    }

    @Test
    void anImageOfAnotherNodeOrPoolIsRefused() {
        ByteBuffer raw = leaf();
        assertThatThrownBy(() -> NodeFormat.decode(MemorySegment.ofBuffer(raw), 1, TAG))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessageContaining("nodeId");
        assertThatThrownBy(() -> NodeFormat.decode(MemorySegment.ofBuffer(raw), 0x0123456789ABCDL, 1))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessageContaining("poolTag");
    }

    @Test
    void headersWithAGoodCrcAndAWrongMeaningAreRefused() {
        refused(leaf(), "magic", raw -> raw.putInt(0, 1));
        refused(leaf(), "level", raw -> raw.put(24, (byte) 4));
        refused(leaf(), "level", raw -> raw.put(24, (byte) -1));
        refused(leaf(), "reserved", raw -> raw.put(25, (byte) 1));
        refused(leaf(), "count", raw -> raw.putShort(26, (short) 0));
        refused(leaf(), "count", raw -> raw.putShort(26, (short) 257));
        refused(leaf(), "reserved", raw -> raw.putInt(28, 1));
        refused(leaf(), "firstBlock", raw -> raw.putLong(32, 255));
        refused(leaf(), "firstBlock", raw -> raw.putLong(32, (1L << 32)));
        refused(leaf(), "firstBlock", raw -> raw.putLong(32, -256));
    }

    @Test
    void leavesWithAGoodCrcAndAWrongMeaningAreRefused() {
        refused(leaf(), "unused entry", raw -> raw.putShort(26, (short) 1));
        refused(leaf(), "unused entry", raw -> raw.putInt(3108, 1));
        refused(leaf(), "state", raw -> raw.putLong(40, raw.getLong(40) & ~(3L << 16)));
        refused(leaf(), "state", raw -> raw.putLong(40, raw.getLong(40) | (3L << 16)));
        refused(leaf(), "start", raw -> raw.putLong(52, 7L | (1L << 16)));
        refused(leaf(), "start", raw -> raw.putLong(52, 2L | (1L << 16)));
        refused(leaf(), "end", raw -> raw.putLong(52, 255L | (1L << 8) | (1L << 16)));
        refused(leaf(), "physical", raw -> raw.putLong(40, 3L | (4L << 8) | (2L << 16) | (0x3FFFFFFFFCL << 18)));
    }

    @Test
    void innerNodesWithAGoodCrcAndAWrongMeaningAreRefused() {
        refused(inner(), "used slots", raw -> raw.putShort(26, (short) 2));
        refused(inner(), "used slots", raw -> raw.putShort(26, (short) 4));
        refused(inner(), "child", raw -> raw.putLong(40, 1L));
        refused(inner(), "unused slot", raw -> raw.putLong(52, 4L));
        refused(inner(), "unused slot", raw -> raw.putInt(60, 1));
        refused(inner(), "kind", raw -> raw.putLong(40 + 12 * 7, 3L | (0x100L << 2)));
        refused(inner(), "direct extent at level", raw -> raw.put(24, (byte) 2).putLong(32, 0));
        refused(inner(), "physical", raw -> raw.putLong(40 + 12 * 7, 2L | (0x3FFFFFFF01L << 2)));
        refused(inner(), "physical", raw -> raw.putLong(40 + 12 * 7, 2L | (1L << 50)));
    }

    private static void refused(ByteBuffer raw, String field, Consumer<ByteBuffer> damage) {
        damage.accept(raw);
        raw.putInt(4, crc(raw));
        assertThatThrownBy(() -> decode(raw))
                .isInstanceOfSatisfying(
                        CorruptSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT))
                .hasMessageContaining("extent node")
                .hasMessageContaining(field);
    }

    private static Node decode(ByteBuffer raw) {
        return NodeFormat.decode(MemorySegment.ofBuffer(raw), 0x0123456789ABCDL, TAG);
    }

    private static ByteBuffer leaf() {
        long[] bits = {(1L << 3), 0, 0, (1L << 63)};
        long[] words = {
            Entry.extent(3, 5, ExtentRun.WRITTEN, 0x2ABCDEF012L),
            0x9876543210L,
            Entry.extent(255, 1, ExtentRun.UNWRITTEN, 7),
            1
        };
        return encoded(new Node(0x0123456789ABCDL, 0, 0xFEDCBA00L, bits, words));
    }

    private static ByteBuffer inner() {
        long[] bits = {1L | (1L << 7), 0, 0, (1L << 63)};
        long[] words = {Entry.child(Entry.MAX_NODE_ID), 5, Entry.direct(0x100), 6, Entry.direct(0x3FFFFFFF00L), 7};
        return encoded(new Node(0x0123456789ABCDL, 1, 0xFEDC0000L, bits, words));
    }

    private static ByteBuffer encoded(Node node) {
        byte[] image = new byte[NodeFormat.BYTES];
        NodeFormat.encode(node, TAG, MemorySegment.ofArray(image));
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(ByteBuffer raw) {
        CRC32C crc = new CRC32C();
        crc.update(raw.slice(8, 3104));
        return (int) crc.getValue();
    }
}
