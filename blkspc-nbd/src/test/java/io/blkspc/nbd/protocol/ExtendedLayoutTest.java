package io.blkspc.nbd.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The structures of the extension EXTENDED_HEADERS and of metadata contexts, as literals. */
class ExtendedLayoutTest {

    private final MemorySegment buffer = Arena.ofAuto().allocate(256);

    private String hex(int start, int length) {
        return HexFormat.of().formatHex(buffer.asSlice(start, length).toArray(ValueLayout.JAVA_BYTE));
    }

    private void put(int start, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, start, bytes.length);
    }

    @Test
    void layoutIsFrozen() {
        assertThat(ExtendedRequestHeader.FLAGS_OFFSET).isEqualTo(4);
        assertThat(ExtendedRequestHeader.TYPE_OFFSET).isEqualTo(6);
        assertThat(ExtendedRequestHeader.REQUEST_COOKIE_OFFSET).isEqualTo(8);
        assertThat(ExtendedRequestHeader.FROM_OFFSET_OFFSET).isEqualTo(16);
        assertThat(ExtendedRequestHeader.LENGTH_OFFSET).isEqualTo(24);
        assertThat(ExtendedRequestHeader.BYTES).isEqualTo(32);
        assertThat(ExtendedChunkHeader.FLAGS_OFFSET).isEqualTo(4);
        assertThat(ExtendedChunkHeader.TYPE_OFFSET).isEqualTo(6);
        assertThat(ExtendedChunkHeader.REQUEST_COOKIE_OFFSET).isEqualTo(8);
        assertThat(ExtendedChunkHeader.REQUEST_OFFSET_OFFSET).isEqualTo(16);
        assertThat(ExtendedChunkHeader.LENGTH_OFFSET).isEqualTo(24);
        assertThat(ExtendedChunkHeader.BYTES).isEqualTo(32);
        assertThat(ExtendedBlockStatus.CONTEXT_ID_OFFSET).isEqualTo(0);
        assertThat(ExtendedBlockStatus.EXTENT_COUNT_OFFSET).isEqualTo(4);
        assertThat(ExtendedBlockStatus.BYTES).isEqualTo(8);
        assertThat(ExtendedBlockStatusExtent.LENGTH_OFFSET).isEqualTo(0);
        assertThat(ExtendedBlockStatusExtent.FLAGS_OFFSET).isEqualTo(8);
        assertThat(ExtendedBlockStatusExtent.BYTES).isEqualTo(16);
        assertThat(ContextFilter.LENGTH_OFFSET).isEqualTo(0);
        assertThat(ContextFilter.CONTEXT_IDS_OFFSET).isEqualTo(8);
        assertThat(ContextFilter.MIN_BYTES).isEqualTo(12);
        assertThat(ContextFilter.MAX_BYTES).isEqualTo(8 + 4 * 11);
    }

    @Test
    void numbersAreThoseOfTheSpecification() {
        assertThat(Integer.toHexString(ExtendedRequestHeader.MAGIC)).isEqualTo("21e41c71");
        assertThat(Integer.toHexString(ExtendedChunkHeader.MAGIC)).isEqualTo("6e8a278c");
        assertThat(NbdOption.EXTENDED_HEADERS).isEqualTo(11);
        assertThat(NbdReply.ERR_EXT_HEADER_REQD).isEqualTo(0x80000000 + 10);
        assertThat(NbdCommand.CACHE).isEqualTo(5);
        assertThat(CommandFlags.PAYLOAD_LEN).isEqualTo(32);
        assertThat(TransmissionFlags.SEND_CACHE).isEqualTo(1024);
        assertThat(TransmissionFlags.BLOCK_STATUS_PAYLOAD).isEqualTo(4096);
        assertThat(ChunkHeader.BLOCK_STATUS_EXT).isEqualTo(6);
        assertThat(MetaContext.HOLE).isEqualTo(1);
        assertThat(MetaContext.ZERO).isEqualTo(2);
        assertThat(MetaContext.GUARANTEED).isEqualTo(1);
    }

    @Test
    void headersAreBigEndianAtAnyAddress() {
        new ExtendedRequestHeader()
                .wrap(buffer, 3)
                .magic(ExtendedRequestHeader.MAGIC)
                .flags(0x8021)
                .type(NbdCommand.BLOCK_STATUS)
                .requestCookie(0x0102030405060708L)
                .fromOffset(0x1112131415161718L)
                .length(0xfffffffffffffe00L);
        assertThat(hex(3, 32))
                .isEqualTo("21e41c71" + "8021" + "0007" + "0102030405060708" + "1112131415161718" + "fffffffffffffe00");
        ExtendedRequestHeader read = new ExtendedRequestHeader().wrap(buffer, 3);
        assertThat(read.magic()).isEqualTo(0x21e41c71);
        assertThat(read.flags()).isEqualTo(0x8021);
        assertThat(read.type()).isEqualTo(7);
        assertThat(read.requestCookie()).isEqualTo(0x0102030405060708L);
        assertThat(read.fromOffset()).isEqualTo(0x1112131415161718L);
        assertThat(read.length()).isEqualTo(-512);
        new ExtendedChunkHeader()
                .wrap(buffer, 1)
                .magic(ExtendedChunkHeader.MAGIC)
                .flags(ChunkHeader.DONE)
                .type(ChunkHeader.ERROR)
                .requestCookie(-2)
                .requestOffset(0x1112131415161718L)
                .length(6);
        assertThat(hex(1, 32))
                .isEqualTo("6e8a278c" + "0001" + "8001" + "fffffffffffffffe" + "1112131415161718" + "0000000000000006");
    }

    @Test
    void extentsAreBigEndian() {
        new ExtendedBlockStatus().wrap(buffer, 5).contextId(2).extentCount(0x01020304);
        new ExtendedBlockStatusExtent().wrap(buffer, 13).length(1L << 40).flags(3);
        assertThat(hex(5, 24)).isEqualTo("00000002" + "01020304" + "0000010000000000" + "0000000000000003");
        new BlockStatus().wrap(buffer, 5).contextId(2);
        new BlockStatusExtent().wrap(buffer, 9).length(0xfffffe00L).flags(3);
        assertThat(hex(5, 12)).isEqualTo("00000002" + "fffffe00" + "00000003");
    }

    @Test
    void aFilterNamesAgreedContextsOnceEach() {
        put(7, "0000010000000000" + "00000003" + "00000001" + "00000002");
        ContextFilter filter = new ContextFilter().wrap(buffer, 7);
        assertThat(filter.length()).isEqualTo(1L << 40);
        assertThat(filter.contexts(20, 7)).isEqualTo(7);
        assertThat(filter.contexts(16, 7)).isEqualTo(5);
        assertThat(filter.contexts(16, 5)).isEqualTo(5);
        assertThat(filter.contexts(20, 5)).as("one was not agreed").isZero();
        assertThat(filter.contexts(8, 7)).as("none").isZero();
        put(19, "00000003");
        assertThat(filter.contexts(16, 7)).as("one twice").isZero();
        put(15, "00000004" + "0000000b");
        assertThat(filter.contexts(16, 0x7ff)).as("bits of bitmaps").isEqualTo(0x408);
        for (String id : new String[] {"00000000", "00000004", "00000020", "00000021", "ffffffff", "80000001"}) {
            put(15, id);
            assertThat(filter.contexts(12, 7)).as(id).isZero();
        }
        for (long length = 0; length < 80; length++) {
            boolean namesOneToEleven = length >= 8 + 4 && length <= 8 + 11 * 4 && length % 4 == 0;
            assertThat(ContextFilter.isPossible(length)).isEqualTo(namesOneToEleven);
        }
        assertThat(ContextFilter.isPossible(-4)).isFalse();
    }

    @Test
    void contextsAreSelectedByNameAndListedByNamespace() {
        for (MetaContext context : MetaContext.values()) {
            assertThat(MetaContext.of(context.id())).isEqualTo(context);
            assertThat(context.isSelectedBy(context.contextName())).isTrue();
            String namespace = context.contextName().replaceAll(":.*", ":");
            assertThat(context.isSelectedBy(namespace)).isFalse();
            assertThat(context.isListedBy(namespace)).isTrue();
            assertThat(context.isListedBy(namespace.replace(":", ""))).isFalse();
        }
        assertThat(MetaContext.of(0)).isNull();
        assertThat(MetaContext.of(4)).isNull();
    }

    @Test
    void bitmapsAreNamedAndNumberedAfterTheFixedContexts() {
        assertThat(DirtyBitmap.id(0)).isEqualTo(4);
        assertThat(DirtyBitmap.index(4)).isZero();
        assertThat(DirtyBitmap.bits(0)).isZero();
        assertThat(DirtyBitmap.bits(8)).isEqualTo(0x7f8);
        assertThat(DirtyBitmap.DIRTY).isEqualTo(1);
        assertThat(DirtyBitmap.contextName("vol", "vol@s")).isEqualTo("qemu:dirty-bitmap:s");
        assertThat(DirtyBitmap.contextName("vol@t", "vol@s")).isEqualTo("qemu:dirty-bitmap:s");
        assertThat(DirtyBitmap.contextName("volume", "vol@s")).isEqualTo("qemu:dirty-bitmap:vol@s");
        assertThat(DirtyBitmap.snapshot("vol@t", "qemu:dirty-bitmap:s")).isEqualTo("vol@s");
        assertThat(DirtyBitmap.snapshot("copy", "qemu:dirty-bitmap:vol@s")).isEqualTo("vol@s");
        assertThat(DirtyBitmap.snapshot("vol", "qemu:dirty-bitmap:")).isNull();
        assertThat(DirtyBitmap.snapshot("vol", "qemu:allocation-depth")).isNull();
    }
}
