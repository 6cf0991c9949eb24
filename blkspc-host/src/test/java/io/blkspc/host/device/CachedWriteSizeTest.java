package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** No call writes more through the page cache than the kernel should keep as one piece, wherever it begins. */
class CachedWriteSizeTest {

    private static final int SIZE = 1 << 20;

    @Test
    void longWritesGoInPieces() {
        Random random = new Random(Long.getLong("blkspc.seed", 3));
        ScriptedFile file = new ScriptedFile(SIZE, 1);
        FileBlockDevice device = new FileBlockDevice(file, Path.of("scripted"), SIZE);
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[1 + random.nextInt(400_000)];
            random.nextBytes(bytes);
            int offset = random.nextInt(SIZE - bytes.length);
            Transfers.write(device, offset, bytes, IoRole.DATA);
            assertThat(Arrays.copyOfRange(file.content, offset, offset + bytes.length))
                    .isEqualTo(bytes);
        }
        assertThat(file.longestWrite).isEqualTo(FileBlockDevice.MAX_CACHED_WRITE_BYTES);
    }
}
