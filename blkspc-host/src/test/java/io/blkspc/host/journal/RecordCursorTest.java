package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class RecordCursorTest {

    private final MemorySegment buffer = MemorySegment.ofArray(new byte[64]);

    @Test
    void readsBackWhatWasWritten() {
        RecordWriter writer = new RecordWriter()
                .wrap(buffer, 3)
                .putByte(200)
                .putShort(60_000)
                .putInt(-5)
                .putLong(Long.MIN_VALUE + 1)
                .putUtf8("vol-ü")
                .putBytes(MemorySegment.ofArray(new byte[] {1, 2, 3}), 1, 2);
        assertThat(writer.length()).isEqualTo(1 + 2 + 4 + 8 + 2 + 6 + 2);
        RecordReader reader = new RecordReader().wrap(buffer, 3, writer.length(), "test", 0);
        assertThat(reader.getByte()).isEqualTo(200);
        assertThat(reader.getShort()).isEqualTo(60_000);
        assertThat(reader.getInt()).isEqualTo(-5);
        assertThat(reader.getLong()).isEqualTo(Long.MIN_VALUE + 1);
        assertThat(reader.getUtf8()).isEqualTo("vol-ü");
        byte[] rest = new byte[2];
        reader.getBytes(MemorySegment.ofArray(rest), 0, 2);
        assertThat(rest).containsExactly(2, 3);
        reader.expectEnd();
    }

    @Test
    void fieldsAreLittleEndian() {
        new RecordWriter().wrap(buffer, 0).putShort(0x0102).putInt(0x03040506).putLong(0x0708090a0b0c0d0eL);
        assertThat(buffer.asSlice(0, 14).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                .containsExactly(2, 1, 6, 5, 4, 3, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8, 7);
    }

    @Test
    void aPayloadThatIsTooShortIsDamage() {
        List<Consumer<RecordReader>> gets = List.of(
                RecordReader::getByte,
                RecordReader::getShort,
                RecordReader::getInt,
                RecordReader::getLong,
                RecordReader::getUtf8,
                reader -> reader.getBytes(MemorySegment.ofArray(new byte[8]), 0, 8),
                reader -> reader.getBytes(MemorySegment.ofArray(new byte[8]), 0, -1));
        int[] needs = {1, 2, 4, 8, 2, 8, 100};
        for (int i = 0; i < needs.length; i++) {
            Consumer<RecordReader> get = gets.get(i);
            for (int length = 0; length < Math.min(needs[i], 20); length++) {
                RecordReader reader = new RecordReader().wrap(buffer, 60 - length, length, "test record", 512);
                assertThatThrownBy(() -> get.accept(reader))
                        .isInstanceOf(CorruptSpaceException.class)
                        .hasMessageContaining("test record is damaged: offset=512");
            }
        }
    }

    @Test
    void aTextThatIsNotUtf8OrTooLongIsDamage() {
        new RecordWriter().wrap(buffer, 0).putShort(2).putByte(0xc3).putByte(0x28);
        assertThatThrownBy(
                        () -> new RecordReader().wrap(buffer, 0, 4, "test", 0).getUtf8())
                .isInstanceOf(CorruptSpaceException.class);
        new RecordWriter().wrap(buffer, 0).putShort(50);
        assertThatThrownBy(
                        () -> new RecordReader().wrap(buffer, 0, 20, "test", 0).getUtf8())
                .isInstanceOf(CorruptSpaceException.class);
    }

    @Test
    void bytesLeftOverAreDamage() {
        assertThatThrownBy(
                        () -> new RecordReader().wrap(buffer, 0, 1, "test", 0).expectEnd())
                .isInstanceOf(CorruptSpaceException.class);
    }
}
