package io.blkspc.xfsish.file;

import static io.blkspc.api.contract.Fixture.assertCode;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.Fixture;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A block of a file cannot be read when a part of it is to change: that change is refused and nothing of it happened. The file
 * system goes on, with what others wrote and no sync covered yet.
 */
class UnreadableBlockTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int LENGTH = 8 * BLOCK + 100;
    private static final MemorySegment NEW = TreeDriver.segment(Fixture.bytes(5, 4 * BLOCK));

    private final byte[] expected = Fixture.bytes(4, LENGTH);
    private final ModelVolume volume = new ModelVolume();
    private FileSystem files = volume.files();

    @BeforeEach
    void aFileThatIsNotInMemory() {
        files.create("/a", 0644);
        files.write("/a", 0, TreeDriver.segment(expected), 0, LENGTH);
        volume.unmount();
        files = volume.mount();
        files.create("/other", 0644);
        files.write("/other", 0, NEW, 0, NEW.byteSize()); // no sync covers it
        files.write("/a", 4 * BLOCK, NEW, 0, BLOCK); // its metadata is in memory from here on
        MemorySegment.copy(NEW, 0, MemorySegment.ofArray(expected), 4 * BLOCK, BLOCK);
    }

    private byte[] read(String path, int length) {
        MemorySegment bytes = TreeDriver.segment(new byte[length]);
        assertThat(files.read(path, 0, bytes, 0, length)).isEqualTo(length);
        return bytes.toArray(ValueLayout.JAVA_BYTE);
    }

    private void refused(Runnable change) {
        volume.failRead();
        assertCode(Code.IO, change);
    }

    @AfterEach
    void nothingElseHappened() {
        assertThat(read("/a", expected.length)).isEqualTo(expected);
        volume.unmount();
        files = volume.mount();
        assertThat(files.status("/a").sizeBytes()).isEqualTo(expected.length);
        assertThat(read("/a", expected.length)).isEqualTo(expected);
        assertThat(read("/other", (int) NEW.byteSize())).isEqualTo(NEW.toArray(ValueLayout.JAVA_BYTE));
        volume.close();
    }

    @Test
    void aWriteThatOverwritesAPartOfIt() {
        refused(() -> files.write("/a", 10, NEW, 0, 10));
    }

    @Test
    void aWriteThatEndsInIt() {
        refused(() -> files.write("/a", BLOCK, NEW, 0, 2 * BLOCK + 10));
    }

    @Test
    void aWriteBehindTheEndThatIsInIt() {
        refused(() -> files.write("/a", 20 * BLOCK, NEW, 0, 10));
    }

    @Test
    void aTruncateToALongerFile() {
        refused(() -> files.truncate("/a", 20 * BLOCK));
    }

    @Test
    void aHoleThatBeginsInIt() {
        refused(() -> files.punch("/a", 10, 100));
    }

    @Test
    void whatWasRefusedCanBeDoneLater() {
        refused(() -> files.write("/a", 10, NEW, 0, 10));
        files.write("/a", 10, NEW, 0, 10);
        MemorySegment.copy(NEW, 0, MemorySegment.ofArray(expected), 10, 10);
        refused(() -> files.punch("/a", 2 * BLOCK + 10, 100));
        files.punch("/a", 2 * BLOCK + 10, 100);
        Arrays.fill(expected, 2 * BLOCK + 10, 2 * BLOCK + 110, (byte) 0);
    }
}
