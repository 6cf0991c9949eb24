package io.blkspc.nbd.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The structures of the handshake and of chunks as bytes, written down from the protocol document, read and written at odd places. */
class HandshakeLayoutTest {

    private static final int AT = 3;

    /** Every class that reads or writes bytes of the wire, and the test that has these bytes. */
    private static final List<String> HANDSHAKE = List.of(
            "ChunkError",
            "ClientFlags",
            "ExportNameReply",
            "ExportNameRequest",
            "InfoBlockSize",
            "InfoExport",
            "InfoText",
            "ListEntry",
            "MetaContextReply",
            "OffsetData",
            "OffsetHole",
            "OptionHeader",
            "OptionReplyHeader",
            "ServerGreeting");

    /** {@link ProtocolLayoutTest} has these. */
    private static final List<String> COMPACT =
            List.of("ChunkHeader", "InfoRequest", "MetaContextRequest", "OptionText", "RequestHeader", "SimpleReply");

    /** {@link ExtendedLayoutTest} has these. */
    private static final List<String> EXTENDED = List.of(
            "BlockStatus",
            "BlockStatusExtent",
            "ContextFilter",
            "ExtendedBlockStatus",
            "ExtendedBlockStatusExtent",
            "ExtendedChunkHeader",
            "ExtendedRequestHeader");

    private final MemorySegment buffer = Arena.ofAuto().allocate(256).fill((byte) 0xee);

    private void assertBytes(String hex) {
        int length = hex.length() / 2;
        assertThat(HexFormat.of().formatHex(buffer.asSlice(AT, length).toArray(ValueLayout.JAVA_BYTE)))
                .isEqualTo(hex);
        assertThat(buffer.get(ValueLayout.JAVA_BYTE, AT - 1L)).isEqualTo((byte) 0xee);
        assertThat(buffer.get(ValueLayout.JAVA_BYTE, AT + (long) length)).isEqualTo((byte) 0xee);
    }

    private void put(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, AT, bytes.length);
    }

    @Test
    void greetings() {
        new ServerGreeting()
                .wrap(buffer, AT)
                .magic(ServerGreeting.MAGIC)
                .optionMagic(OptionHeader.MAGIC)
                .flags(ServerGreeting.FIXED_NEWSTYLE | ServerGreeting.NO_ZEROES);
        assertBytes("4e42444d41474943" + "49484156454f5054" + "0003");
        put("1122334455667788" + "99aabbccddeeff00" + "fffe");
        ServerGreeting read = new ServerGreeting().wrap(buffer, AT);
        assertThat(read.magic()).isEqualTo(0x1122334455667788L);
        assertThat(read.optionMagic()).isEqualTo(0x99aabbccddeeff00L);
        assertThat(read.flags()).isEqualTo(0xfffe);
    }

    @Test
    void clientFlags() {
        new ClientFlags().wrap(buffer, AT).flags(3);
        assertBytes("00000003");
        put("80000001");
        assertThat(new ClientFlags().wrap(buffer, AT).flags()).isEqualTo(0x80000001);
        assertThat(ClientFlags.KNOWN).isEqualTo(3);
    }

    @Test
    void options() {
        new OptionHeader()
                .wrap(buffer, AT)
                .magic(OptionHeader.MAGIC)
                .option(NbdOption.SET_META_CONTEXT)
                .length(0xfffffffeL);
        assertBytes("49484156454f5054" + "0000000a" + "fffffffe");
        put("49484156454f5054" + "80000007" + "ffffffff");
        OptionHeader read = new OptionHeader().wrap(buffer, AT);
        assertThat(read.magic()).isEqualTo(OptionHeader.MAGIC);
        assertThat(read.option()).isEqualTo(0x80000007);
        assertThat(read.length()).isEqualTo(0xffffffffL);
    }

    @Test
    void optionReplies() {
        new OptionReplyHeader()
                .wrap(buffer, AT)
                .magic(OptionReplyHeader.MAGIC)
                .option(NbdOption.STARTTLS)
                .type(NbdReply.ERR_TLS_REQD)
                .length(0x01020304);
        assertBytes("0003e889045565a9" + "00000005" + "80000005" + "01020304");
        put("0003e889045565a9" + "00000007" + "80000006" + "fffffff0");
        OptionReplyHeader read = new OptionReplyHeader().wrap(buffer, AT);
        assertThat(read.magic()).isEqualTo(0x3e889045565a9L);
        assertThat(read.option()).isEqualTo(7);
        assertThat(read.type()).isEqualTo(NbdReply.ERR_UNKNOWN);
        assertThat(read.length()).isEqualTo(0xfffffff0L);
    }

    @Test
    void exportNames() {
        new ExportNameReply().wrap(buffer, AT).size(0x0000060000000000L).flags(0x8d6d);
        assertBytes("0000060000000000" + "8d6d");
        put("8000000000000001" + "ffff");
        ExportNameReply read = new ExportNameReply().wrap(buffer, AT);
        assertThat(read.size()).isEqualTo(Long.MIN_VALUE + 1);
        assertThat(read.flags()).isEqualTo(0xffff);
        put("766fcc88");
        assertThat(ExportNameRequest.read(buffer, AT, 4).name()).isEqualTo("vo\u0308");
        assertThat(ExportNameRequest.read(buffer, AT, 0).name()).isEmpty();
        assertThat(ExportNameRequest.read(buffer, AT, 3).name())
                .as("half a character")
                .isNull();
    }

    @Test
    void information() {
        new InfoExport()
                .wrap(buffer, AT)
                .type(InfoExport.TYPE)
                .size(0x0102030405060708L)
                .flags(0x156d);
        assertBytes("0000" + "0102030405060708" + "156d");
        InfoExport read = new InfoExport().wrap(buffer, AT);
        assertThat(read.type()).isZero();
        assertThat(read.size()).isEqualTo(0x0102030405060708L);
        assertThat(read.flags()).isEqualTo(0x156d);
    }

    @Test
    void blockSizes() {
        new InfoBlockSize()
                .wrap(buffer, AT)
                .type(InfoBlockSize.TYPE)
                .minimum(1)
                .preferred(4096)
                .maximum(32 << 20);
        assertBytes("0003" + "00000001" + "00001000" + "02000000");
        put("0003" + "00000200" + "00001000" + "ffffffff");
        InfoBlockSize read = new InfoBlockSize().wrap(buffer, AT);
        assertThat(read.type()).isEqualTo(3);
        assertThat(read.minimum()).isEqualTo(512);
        assertThat(read.preferred()).isEqualTo(4096);
        assertThat(read.maximum()).isEqualTo(0xffffffffL);
    }

    @Test
    void texts() {
        assertThat(InfoText.write(buffer, AT, NbdInfo.DESCRIPTION, "b\u00e4")).isEqualTo(5);
        assertBytes("0002" + "62c3a4");
    }

    @Test
    void exportsOfAList() {
        assertThat(ListEntry.write(buffer, AT, "vm@s", "hi")).isEqualTo(10);
        assertBytes("00000004" + "766d4073" + "6869");
    }

    @Test
    void contextsThatAreTold() {
        assertThat(MetaContextReply.write(buffer, AT, 0x01020304, "base:x")).isEqualTo(10);
        assertBytes("01020304" + HexFormat.of().formatHex("base:x".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void chunks() {
        new OffsetData().wrap(buffer, AT).atOffset(0x0102030405060708L);
        assertBytes("0102030405060708");
        assertThat(new OffsetData().wrap(buffer, AT).atOffset()).isEqualTo(0x0102030405060708L);
    }

    @Test
    void holes() {
        new OffsetHole().wrap(buffer, AT).atOffset(-4096).length(0xfffff000L);
        assertBytes("fffffffffffff000" + "fffff000");
        assertThat(new OffsetHole().wrap(buffer, AT).atOffset()).isEqualTo(-4096);
        assertThat(new OffsetHole().wrap(buffer, AT).length()).isEqualTo(0xfffff000L);
    }

    @Test
    void errorsInChunks() {
        new ChunkError().wrap(buffer, AT).error(108).messageLength(0xfffe);
        assertBytes("0000006c" + "fffe");
        assertThat(new ChunkError().wrap(buffer, AT).error()).isEqualTo(108);
        assertThat(new ChunkError().wrap(buffer, AT).messageLength()).isEqualTo(0xfffe);
    }

    @Test
    void everyStructureHasItsBytesInATest() throws IOException, URISyntaxException {
        Path classes =
                Path.of(RequestHeader.class.getResource("RequestHeader.class").toURI());
        try (Stream<Path> files = Files.list(classes.getParent())) {
            List<String> found = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.substring(0, name.length() - ".class".length()))
                    .filter(HandshakeLayoutTest::isOnTheWire)
                    .sorted()
                    .toList();
            assertThat(found)
                    .containsExactlyElementsOf(Stream.of(HANDSHAKE, COMPACT, EXTENDED)
                            .flatMap(List::stream)
                            .sorted()
                            .toList());
        }
    }

    /** What takes a buffer and a place in it. */
    private static boolean isOnTheWire(String name) {
        try {
            Class<?> type = Class.forName(RequestHeader.class.getPackageName() + '.' + name);
            return Modifier.isPublic(type.getModifiers())
                    && Arrays.stream(type.getDeclaredMethods())
                            .anyMatch(method ->
                                    Arrays.asList(method.getParameterTypes()).contains(MemorySegment.class));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
