package io.blkspc.host.dump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The bytes of a dump. What was written once must be readable for ever. */
class DumpFormatTest {

    private static final UUID ID = new UUID(0x0102030405060708L, 0x1112131415161718L);
    private static final String ID_BYTES = "0807060504030201" + "1817161514131211";
    private static final DumpHeader HEADER = new DumpHeader(6, ID, 0x99, 0x100000, 0x55, 0x10000, 0x4000, 9, 8, 7, 5);
    private static final DumpVersion VERSION =
            new DumpVersion(3, ID, 2, 4, 0x10000, 0x99, 1, 5, 6, "a@s", List.of("t", "u"));

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] recordOf(DumpRecord.Type type, java.util.function.Consumer<DumpWriter> payload) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DumpWriter writer = new DumpWriter(bytes, 0x4d);
        payload.accept(writer);
        writer.write(type);
        return bytes.toByteArray();
    }

    private static void assertRecord(byte[] record, String type, String payload) {
        CRC32C crc = new CRC32C();
        crc.update(record, 8, record.length - 8);
        String sum = hex(ByteBuffer.allocate(4)
                .putInt(Integer.reverseBytes((int) crc.getValue()))
                .array());
        String length = hex(ByteBuffer.allocate(4)
                .putInt(Integer.reverseBytes(payload.length() / 2))
                .array());
        assertThat(hex(record))
                .isEqualTo("42444d50" + sum + "4d00000000000000" + "0000000000000000" + type + length + payload);
    }

    @Test
    void layoutIsFrozen() {
        assertRecord(
                recordOf(DumpRecord.Type.HEADER, writer -> HEADER.write(writer.payload())),
                "01000000",
                "01000000" + "00000000" + "0600000000000000" + ID_BYTES + "9900000000000000" + "0000100000000000"
                        + "5500000000000000" + "0000010000000000" + "00400000" + "00000000" + "0900000000000000"
                        + "0800000000000000" + "0700000000000000" + "0500000000000000");
        assertRecord(
                recordOf(DumpRecord.Type.VERSION, writer -> VERSION.write(writer.payload())),
                "02000000",
                "0300000000000000" + ID_BYTES + "0200000000000000" + "0400000000000000" + "0000010000000000"
                        + "9900000000000000" + "0100000000000000" + "0500000000000000" + "0600000000000000"
                        + "0300614073" + "010074" + "010075");
        assertThat(DumpRecord.Type.of(3)).isEqualTo(DumpRecord.Type.EXTENTS);
        assertThat(DumpRecord.Type.of(4)).isEqualTo(DumpRecord.Type.DATA);
        assertThat(DumpRecord.Type.of(5)).isEqualTo(DumpRecord.Type.END);
        assertThat(DumpRecord.Type.of(6)).isNull();
        assertThat(DumpRecord.PAYLOAD_OFFSET).isEqualTo(32);
        assertThat(DumpRecord.MAX_PAYLOAD_BYTES).isEqualTo(1_048_592);
        assertThat(DumpRecord.ENTRY_BYTES).isEqualTo(24);
        assertThat(DumpRecord.ENTRIES).isEqualTo(16_384);
        assertThat(DumpRecord.DATA_HEADER_BYTES).isEqualTo(16);
    }

    @Test
    void whatWasWrittenIsRead() {
        DumpReader reader = new DumpReader(
                new ByteArrayInputStream(recordOf(DumpRecord.Type.HEADER, writer -> HEADER.write(writer.payload()))));
        reader.expect(DumpRecord.Type.HEADER);
        assertThat(DumpHeader.format(reader.payload())).isEqualTo(1);
        assertThat(DumpHeader.read(reader.payload())).isEqualTo(HEADER);
        reader.expectEnd();
        DumpReader versions = new DumpReader(
                new ByteArrayInputStream(recordOf(DumpRecord.Type.VERSION, writer -> VERSION.write(writer.payload()))));
        versions.expect(DumpRecord.Type.VERSION);
        assertThat(DumpVersion.read(versions.payload())).isEqualTo(VERSION);
    }

    @Test
    void recordOfAnotherTypeIsRefused() {
        DumpReader reader = new DumpReader(
                new ByteArrayInputStream(recordOf(DumpRecord.Type.HEADER, writer -> HEADER.write(writer.payload()))));
        assertThatThrownBy(() -> reader.expect(DumpRecord.Type.VERSION))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessage("dump record HEADER is damaged: offset=0, type=HEADER, expected=VERSION");
    }
}
