package io.blkspc.xfsish.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.SubvolumeConfig;
import io.blkspc.xfsish.file.Mkfs;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The log by itself: whatever was appended, a scan finds what is not in place yet. */
class LogTest {

    private static final int BLOCKS = 4096;

    private static BlockReader reader(Subvolume subvolume) {
        return (block, target) -> subvolume.read(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, target, 0);
    }

    /** Records of every size, so that they end and begin again at every place of the log. */
    @Test
    void aScanFindsTheNewestImageOfEveryBlockSinceTheLastRestart() {
        long seed = Seeds.next();
        SplittableRandom random = new SplittableRandom(seed);
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture((long) BLOCKS << Geometry.BLOCK_SHIFT)) {
            BlockSpace space = fixture.space();
            Mkfs.run(space, Mkfs.Spec.of(new UUID(1, 2), 5));
            try (Subvolume subvolume = Subvolume.open(space, new SubvolumeConfig(1024, 64))) {
                MemorySegment first = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES);
                reader(subvolume).read(Superblock.ADDRESS, first);
                Superblock superblock = Superblock.read(first, BLOCKS);
                Log log = new Log(
                        subvolume,
                        superblock,
                        LogScan.read(reader(subvolume), superblock).newest());
                Map<Long, Byte> expected = new TreeMap<>();
                for (int i = 0; i < 200; i++) {
                    append(subvolume, superblock, log, random, expected);
                    compare(LogScan.read(reader(subvolume), superblock), log, expected); // before anything is in place
                    if (log.isFull() || random.nextInt(20) == 0) {
                        restart(subvolume, log);
                        expected.clear();
                    }
                    compare(LogScan.read(reader(subvolume), superblock), log, expected);
                }
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("-Dblkspc.seed=" + seed + " " + e.getMessage(), e);
        }
    }

    private static void append(
            Subvolume subvolume, Superblock superblock, Log log, SplittableRandom random, Map<Long, Byte> expected) {
        int most = random.nextBoolean() ? 12 : Log.maxImages(superblock);
        TreeSet<Long> blocks = new TreeSet<>();
        long data = superblock.logStart() + superblock.logBlocks() + 1;
        for (int count = 1 + random.nextInt(most); blocks.size() < count; ) {
            blocks.add(random.nextLong(data, superblock.blockCount()));
        }
        try (Transaction transaction = subvolume.begin(blocks.size())) {
            for (long block : blocks) {
                byte value = (byte) random.nextInt(256);
                transaction.overwrite(block).fill(value);
                expected.put(block, value);
            }
            transaction.commit();
        }
        Cookie cookie = subvolume.reserve(blocks.size() + 1);
        log.append(cookie, blocks.stream().mapToLong(Long::longValue).toArray());
        log.force();
        cookie.put();
    }

    private static void restart(Subvolume subvolume, Log log) {
        Cookie cookie = subvolume.reserve(1);
        log.restart(cookie);
        log.force();
        cookie.put();
    }

    private static void compare(LogScan scan, Log log, Map<Long, Byte> expected) {
        assertThat(scan.newest().sequence()).isEqualTo(log.sequence());
        assertThat(scan.images().keySet()).isEqualTo(expected.keySet());
        scan.images().forEach((block, image) -> {
            MemorySegment whole = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES).fill(expected.get(block));
            assertThat(image.mismatch(whole)).as("block=" + block).isEqualTo(-1);
        });
    }
}
