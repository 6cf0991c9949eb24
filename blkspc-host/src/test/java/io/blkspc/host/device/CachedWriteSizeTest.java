package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No call brings more into the page cache than the kernel should keep as one piece, wherever it begins; what is there is
 * written by long calls.
 */
class CachedWriteSizeTest {

    private static final int SIZE = 4 << 20;
    private static final int PAGE = 4096;
    private static final int MIB = 1 << 20;

    private final ScriptedFile file = new ScriptedFile(SIZE, 1);

    private void writeAtRandom() {
        Random random = new Random(Long.getLong("blkspc.seed", 3));
        FileBlockDevice device = new FileBlockDevice(file, Path.of("scripted"), SIZE);
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[1 + random.nextInt(2_000_000)];
            random.nextBytes(bytes);
            int offset = random.nextInt(SIZE - bytes.length);
            Transfers.write(device, offset, bytes, IoRole.DATA);
            assertThat(Arrays.equals(file.content, offset, offset + bytes.length, bytes, 0, bytes.length))
                    .as("offset=%d, length=%d", offset, bytes.length)
                    .isTrue();
        }
    }

    @Test
    void longWritesGoInPieces() {
        writeAtRandom();
        assertThat(file.longestWrite).isEqualTo(CachedWriteSize.NEW_BYTES);
    }

    @Test
    void longWritesOfWhatIsCachedGoInLongCalls() {
        file.cached.set(0, SIZE / PAGE);
        writeAtRandom();
        assertThat(file.longestWrite).isEqualTo(CachedWriteSize.CACHED_BYTES);
    }

    @Test
    void aRangeOfWhichAnEndIsNotCachedGoesInPieces() {
        CachedWriteSize size = new CachedWriteSize(file);
        file.cached.set(1, MIB / PAGE);
        assertThat(size.mostBytes(PAGE - 1, MIB)).isEqualTo(CachedWriteSize.NEW_BYTES - PAGE + 1);
        assertThat(size.mostBytes(PAGE, MIB)).isEqualTo(CachedWriteSize.NEW_BYTES - PAGE);
        assertThat(size.mostBytes(PAGE, MIB - PAGE)).isEqualTo(MIB - PAGE);
        assertThat(size.mostBytes(PAGE, PAGE)).isGreaterThanOrEqualTo(PAGE);
    }

    @Test
    void theKernelTellsWhatIsCached(@TempDir Path directory) throws IOException {
        Path path = Files.write(directory.resolve("f"), new byte[MIB]);
        assumeTrue(isTold(path, MIB - 1), "Linux before 6.5, or a sandbox");
        PageCache.drop(path);
        assumeTrue(PageCache.pages(path) == 0, "a file system that is its cache");
        assertThat(isTold(path, MIB - 1)).isFalse();
        try (FileBlockDevice device = FileBlockDevice.open(path)) {
            Transfers.write(device, MIB - PAGE, new byte[PAGE], IoRole.DATA);
        }
        assertThat(isTold(path, MIB - 1)).isTrue();
        assertThat(isTold(path, MIB - PAGE - 1)).isFalse();
    }

    private static boolean isTold(Path path, long offset) {
        PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
        try {
            return file.isCached(offset);
        } finally {
            file.close();
        }
    }
}
