package io.blkspc.nbd.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The wire as literals: a change here is a change of the protocol, which is not ours to change. */
class ProtocolLayoutTest {

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
        assertThat(ServerGreeting.MAGIC_OFFSET).isEqualTo(0);
        assertThat(ServerGreeting.OPTION_MAGIC_OFFSET).isEqualTo(8);
        assertThat(ServerGreeting.FLAGS_OFFSET).isEqualTo(16);
        assertThat(ServerGreeting.BYTES).isEqualTo(18);
        assertThat(ClientFlags.BYTES).isEqualTo(4);
        assertThat(OptionHeader.OPTION_OFFSET).isEqualTo(8);
        assertThat(OptionHeader.LENGTH_OFFSET).isEqualTo(12);
        assertThat(OptionHeader.BYTES).isEqualTo(16);
        assertThat(OptionReplyHeader.OPTION_OFFSET).isEqualTo(8);
        assertThat(OptionReplyHeader.TYPE_OFFSET).isEqualTo(12);
        assertThat(OptionReplyHeader.LENGTH_OFFSET).isEqualTo(16);
        assertThat(OptionReplyHeader.BYTES).isEqualTo(20);
        assertThat(ExportNameReply.FLAGS_OFFSET).isEqualTo(8);
        assertThat(ExportNameReply.BYTES).isEqualTo(10);
        assertThat(ExportNameReply.PADDING_BYTES).isEqualTo(124);
        assertThat(InfoExport.SIZE_OFFSET).isEqualTo(2);
        assertThat(InfoExport.FLAGS_OFFSET).isEqualTo(10);
        assertThat(InfoExport.BYTES).isEqualTo(12);
        assertThat(InfoBlockSize.MINIMUM_OFFSET).isEqualTo(2);
        assertThat(InfoBlockSize.PREFERRED_OFFSET).isEqualTo(6);
        assertThat(InfoBlockSize.MAXIMUM_OFFSET).isEqualTo(10);
        assertThat(InfoBlockSize.BYTES).isEqualTo(14);
        assertThat(RequestHeader.FLAGS_OFFSET).isEqualTo(4);
        assertThat(RequestHeader.TYPE_OFFSET).isEqualTo(6);
        assertThat(RequestHeader.REQUEST_COOKIE_OFFSET).isEqualTo(8);
        assertThat(RequestHeader.FROM_OFFSET_OFFSET).isEqualTo(16);
        assertThat(RequestHeader.LENGTH_OFFSET).isEqualTo(24);
        assertThat(RequestHeader.BYTES).isEqualTo(28);
        assertThat(SimpleReply.ERROR_OFFSET).isEqualTo(4);
        assertThat(SimpleReply.REQUEST_COOKIE_OFFSET).isEqualTo(8);
        assertThat(SimpleReply.BYTES).isEqualTo(16);
        assertThat(ChunkHeader.FLAGS_OFFSET).isEqualTo(4);
        assertThat(ChunkHeader.TYPE_OFFSET).isEqualTo(6);
        assertThat(ChunkHeader.REQUEST_COOKIE_OFFSET).isEqualTo(8);
        assertThat(ChunkHeader.LENGTH_OFFSET).isEqualTo(16);
        assertThat(ChunkHeader.BYTES).isEqualTo(20);
        assertThat(OffsetData.BYTES).isEqualTo(8);
        assertThat(OffsetHole.LENGTH_OFFSET).isEqualTo(8);
        assertThat(OffsetHole.BYTES).isEqualTo(12);
        assertThat(ChunkError.MESSAGE_LENGTH_OFFSET).isEqualTo(4);
        assertThat(ChunkError.BYTES).isEqualTo(6);
        assertThat(BlockStatus.BYTES).isEqualTo(4);
        assertThat(BlockStatusExtent.FLAGS_OFFSET).isEqualTo(4);
        assertThat(BlockStatusExtent.BYTES).isEqualTo(8);
    }

    @Test
    void magicNumbersAreThoseOfTheSpecification() {
        assertThat(Long.toHexString(ServerGreeting.MAGIC)).isEqualTo("4e42444d41474943");
        assertThat(Long.toHexString(OptionHeader.MAGIC)).isEqualTo("49484156454f5054");
        assertThat(Long.toHexString(OptionReplyHeader.MAGIC)).isEqualTo("3e889045565a9");
        assertThat(Integer.toHexString(RequestHeader.MAGIC)).isEqualTo("25609513");
        assertThat(Integer.toHexString(SimpleReply.MAGIC)).isEqualTo("67446698");
        assertThat(Integer.toHexString(ChunkHeader.MAGIC)).isEqualTo("668e33ef");
        assertThat(NbdReply.isError(NbdReply.ERR_UNSUP)).isTrue();
        assertThat(NbdReply.isError(NbdReply.ACK)).isFalse();
    }

    @Test
    void aRequestIsBigEndianAtAnyAddress() {
        new RequestHeader()
                .wrap(buffer, 3)
                .magic(RequestHeader.MAGIC)
                .flags(0x8001)
                .type(NbdCommand.TRIM)
                .requestCookie(0x0102030405060708L)
                .fromOffset(0x1112131415161718L)
                .length(0xfffffe00L);
        assertThat(hex(3, 28))
                .isEqualTo("25609513" + "8001" + "0004" + "0102030405060708" + "1112131415161718" + "fffffe00");
        RequestHeader read = new RequestHeader().wrap(buffer, 3);
        assertThat(read.flags()).isEqualTo(0x8001);
        assertThat(read.type()).isEqualTo(4);
        assertThat(read.length()).isEqualTo(0xfffffe00L);
        assertThat(read.fromOffset()).isEqualTo(0x1112131415161718L);
        assertThat(read.requestCookie()).isEqualTo(0x0102030405060708L);
    }

    @Test
    void repliesAreBigEndian() {
        new SimpleReply().wrap(buffer, 1).magic(SimpleReply.MAGIC).error(28).requestCookie(-2);
        assertThat(hex(1, 16)).isEqualTo("67446698" + "0000001c" + "fffffffffffffffe");
        new ChunkHeader()
                .wrap(buffer, 1)
                .magic(ChunkHeader.MAGIC)
                .flags(1)
                .type(ChunkHeader.ERROR)
                .requestCookie(5)
                .length(6);
        assertThat(hex(1, 20)).isEqualTo("668e33ef" + "0001" + "8001" + "0000000000000005" + "00000006");
    }

    @Test
    void infoRequestsAreReadOnlyWhenTheirLengthsAgree() {
        put(0, "00000003" + "616263" + "0002" + "0001" + "0003");
        InfoRequest request = InfoRequest.read(buffer, 0, 13);
        assertThat(request).isEqualTo(new InfoRequest("abc", true, false, true));
        for (int length = 0; length < 40; length++) {
            if (length != 13) {
                assertThat(InfoRequest.read(buffer, 0, length))
                        .as("length=%d", length)
                        .isNull();
            }
        }
        put(0, "ffffffff");
        assertThat(InfoRequest.read(buffer, 0, 13)).isNull();
        put(0, "80000000");
        assertThat(InfoRequest.read(buffer, 0, 13)).isNull();
    }

    @Test
    void metaContextRequestsAreReadOnlyWhenTheirLengthsAgree() {
        put(0, "00000001" + "61" + "00000002" + "00000002" + "783a" + "00000000");
        assertThat(MetaContextRequest.read(buffer, 0, 19).queries()).containsExactly("x:", "");
        for (int length = 0; length < 40; length++) {
            if (length != 19) {
                assertThat(MetaContextRequest.read(buffer, 0, length))
                        .as("length=%d", length)
                        .isNull();
            }
        }
        put(5, "ffffffff");
        assertThat(MetaContextRequest.read(buffer, 0, 19)).isNull();
    }

    @Test
    void stringsAreUtf8WithoutNulAndNeverTooLong() {
        put(0, "c3a4");
        assertThat(OptionText.read(buffer, 0, 2)).isEqualTo("\u00e4");
        assertThat(OptionText.read(buffer, 0, 1)).isNull();
        put(0, "610062");
        assertThat(OptionText.read(buffer, 0, 3)).isNull();
        assertThat(OptionText.read(Arena.ofAuto().allocate(8192), 0, 4097)).isNull();
        assertThat(OptionText.encode("\u00e4".repeat(4096))).hasSize(4096);
        assertThat(OptionText.encode("a" + "\u00e4".repeat(4096))).hasSize(4095);
    }

    @ParameterizedTest
    @EnumSource(Code.class)
    void everyCodeHasAnErrorAndOnlySpaceIsNoSpace(Code code) {
        int error = NbdError.of(code);
        assertThat(error).isIn(1, 5, 22, 28, 108);
        assertThat(error == NbdError.ENOSPC).isEqualTo(code == Code.OUT_OF_SPACE || code == Code.OUT_OF_BACKING);
    }
}
