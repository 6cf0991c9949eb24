package io.blkspc.host.core;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.TestIo;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * What the blocks of some volumes may hold after a power cut. Every write of a block is a version of it, numbered from 1 on and
 * stamped all over its bytes; 0 is what was never written. A block holds one that was begun, and none from before
 *
 * <pre>
 *  flushed     the last one that was done when a flush began that has returned
 *  recorded    the last one whose record H1 covers
 * </pre>
 *
 * One thread writes a volume, any may check.
 */
final class StampedVolumes {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int SECTOR = 512;
    private static final int STAMP = 32;
    private static final long MAGIC = 0x5ec70ff0ca11ab1eL;

    private final Versions[][] volumes;

    private static final class Versions {
        int begun;
        int done;
        int flushed;
        final List<Boolean> isZero = new ArrayList<>(List.of(true));
        final List<Long> records = new ArrayList<>(List.of(Long.MAX_VALUE));

        int begin(boolean zero) {
            isZero.add(zero);
            records.add(Long.MAX_VALUE);
            return ++begun;
        }

        int least(long h1) {
            for (int version = begun; version > flushed; version--) {
                if (records.get(version) <= h1) {
                    return version;
                }
            }
            return flushed;
        }

        boolean hasZero(int from, int to) {
            return isZero.subList(from, to + 1).contains(true);
        }
    }

    /** The first and the last version that each block of a volume may hold. */
    static final class Bounds {
        final int volume;
        private final int[] least;
        private final int[] most;

        private Bounds(int volume, int[] least, int[] most) {
            this.volume = volume;
            this.least = least;
            this.most = most;
        }
    }

    StampedVolumes(int volumeCount, int blockCount) {
        volumes = new Versions[volumeCount][blockCount];
        for (Versions[] blocks : volumes) {
            for (int b = 0; b < blockCount; b++) {
                blocks[b] = new Versions();
            }
        }
    }

    /** A write of {@link #content}, or a discard, is about to begin; returns its version. */
    int begin(int volume, int block, boolean isZero) {
        return volumes[volume][block].begin(isZero);
    }

    static byte[] content(int volume, int block, int version) {
        byte[] bytes = new byte[BLOCK];
        MemorySegment at = MemorySegment.ofArray(bytes);
        for (int s = 0; s < BLOCK; s += STAMP) {
            at.set(JAVA_LONG_UNALIGNED, s, MAGIC);
            at.set(JAVA_LONG_UNALIGNED, s + 8, volume);
            at.set(JAVA_LONG_UNALIGNED, s + 16, block * 8L + s / SECTOR);
            at.set(JAVA_LONG_UNALIGNED, s + 24, version);
        }
        return bytes;
    }

    /** It has returned. */
    void done(int volume, int block, int version) {
        volumes[volume][block].done = version;
    }

    /** A record up to this one says so. */
    void recorded(int volume, int block, int version, long sequence) {
        volumes[volume][block].records.set(version, sequence);
    }

    /** What a volume may hold when it is frozen, or flushed, now. */
    Bounds now(int volume) {
        return bounds(volume, versions -> versions.done);
    }

    /** A flush that began then has returned. */
    void flushed(Bounds then) {
        Versions[] blocks = volumes[then.volume];
        for (int b = 0; b < blocks.length; b++) {
            blocks[b].flushed = Math.max(blocks[b].flushed, then.least[b]);
        }
    }

    /** What a volume may hold after a power cut now. */
    Bounds afterCut(int volume, long h1) {
        return bounds(volume, versions -> versions.least(h1));
    }

    private Bounds bounds(int volume, ToIntFunction<Versions> least) {
        Versions[] blocks = volumes[volume];
        return new Bounds(
                volume,
                Arrays.stream(blocks).mapToInt(least).toArray(),
                Arrays.stream(blocks).mapToInt(versions -> versions.begun).toArray());
    }

    /** Blocks of which more is certain than what was flushed. */
    int beyondFlush(Bounds certain) {
        int count = 0;
        for (int b = 0; b < certain.least.length; b++) {
            count += certain.least[b] > volumes[certain.volume][b].flushed ? 1 : 0;
        }
        return count;
    }

    /**
     * Requires every sector to hold a version of its own block within the bounds.
     *
     * @param isTorn sectors may be torn: only that those which begin with zeroes may do so is required
     */
    void check(String place, BlockSpace space, Bounds bounds, boolean isTorn) {
        TestIo io = new TestIo(space);
        for (int b = 0; b < bounds.least.length; b++) {
            MemorySegment bytes = MemorySegment.ofArray(io.read((long) b * BLOCK, BLOCK));
            for (int s = 0; s < BLOCK; s += SECTOR) {
                String where = place + "block " + b + " sector " + s / SECTOR + ", least=" + bounds.least[b] + ", most="
                        + bounds.most[b];
                if (bytes.get(JAVA_LONG_UNALIGNED, s) == 0) {
                    assertThat(volumes[bounds.volume][b].hasZero(bounds.least[b], bounds.most[b]))
                            .as(where + " is zero")
                            .isTrue();
                } else if (!isTorn) {
                    checkStamps(where, bytes.asSlice(s, SECTOR), b * 8L + s / SECTOR, b, bounds);
                }
            }
        }
    }

    private static void checkStamps(String where, MemorySegment sector, long number, int block, Bounds bounds) {
        for (int p = 0; p < SECTOR; p += STAMP) {
            assertThat(sector.get(JAVA_LONG_UNALIGNED, p)).as(where).isEqualTo(MAGIC);
            assertThat(sector.get(JAVA_LONG_UNALIGNED, p + 8))
                    .as(where + " volume")
                    .isEqualTo(bounds.volume);
            assertThat(sector.get(JAVA_LONG_UNALIGNED, p + 16))
                    .as(where + " place")
                    .isEqualTo(number);
            assertThat(sector.get(JAVA_LONG_UNALIGNED, p + 24))
                    .as(where + " version")
                    .isBetween((long) bounds.least[block], (long) bounds.most[block]);
        }
    }
}
