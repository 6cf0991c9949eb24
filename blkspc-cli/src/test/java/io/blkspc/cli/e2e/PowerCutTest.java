package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The power fails at any moment of a real server's life on real file systems: each disk then holds what a flush covers and
 * any of the other sectors. The file system repairs itself, the pool opens, and every sector of every version is legal.
 *
 * <p>{@code -Dblkspc.powerCuts=…} says how many cuts each layout gets. The timing of a real server cannot be repeated from a
 * seed, so the disks of a cut that fails are kept in {@code target}.
 */
@Timeout(28_800)
class PowerCutTest {

    private static final int CUTS =
            Integer.getInteger("blkspc.powerCuts", Boolean.getBoolean("blkspc.release") ? 3400 : 17);
    private static final int CUTS_OF_A_STORY = Integer.getInteger("blkspc.cutsOfAStory", 200);
    private static final int NESTED_EVERY = Integer.getInteger("blkspc.nestedEvery", 10);
    private static final int INNER_CUTS = 2;

    @TempDir
    private Path directory;

    private final long seed = Seeds.of(PowerCutTest.class);
    private final Random random = new Random(seed);
    private PoolDisks.Layout layout;
    private PowerStory story;
    private int tornPlaces;

    @ParameterizedTest
    @EnumSource
    void everythingPersistedSurvivesAnyPowerCut(PoolDisks.Layout onLayout) throws IOException {
        onLayout.require();
        layout = onLayout;
        int unflushed = 0;
        for (int done = 0; done < CUTS; done += CUTS_OF_A_STORY) {
            try (PowerStory recorded = PowerStory.record(layout, directory, random.nextLong())) {
                story = recorded;
                tornPlaces += story.tornAt().size();
                unflushed += cutAnywhere(Math.min(CUTS_OF_A_STORY, CUTS - done));
                disksThatIgnoreFlushesAreFoundOut();
            }
        }
        System.out.println("PowerCutTest layout=" + layout + " cuts=" + CUTS + " unflushedWrites=" + unflushed
                + " tornSectors=" + tornPlaces);
        assertThat(unflushed).as("writes that cuts could lose").isPositive();
    }

    private int cutAnywhere(int count) throws IOException {
        PowerCut cuts = new PowerCut(story.log(), story.copyEmptyImages("flushed"), Integer.MAX_VALUE);
        int unflushed = 0;
        IntStream anywhere = random.ints(count, story.createdAt(), story.log().size() + 1)
                .map(place -> random.nextInt(3) == 0 ? afterNextFlush(place) : place);
        int[] places = IntStream.concat(anywhere, story.tornAt().stream().mapToInt(Integer::intValue))
                .sorted()
                .toArray();
        for (int i = 0; i < places.length; i++) {
            CutKind kind = story.tornAt().contains(places[i]) ? CutKind.ALL : CutKind.any(random);
            unflushed += cut(cuts, places[i], kind, i % NESTED_EVERY == NESTED_EVERY / 2);
        }
        return unflushed;
    }

    /** Right after an answered flush the most is promised and the least is left to chance. */
    private int afterNextFlush(int place) {
        for (int i = place; i < story.log().size(); i++) {
            if (story.log().event(i).kind() == DiskLog.Kind.FLUSHED) {
                return i + 1;
            }
        }
        return place;
    }

    private int cut(PowerCut cuts, int place, CutKind kind, boolean isNested) throws IOException {
        long cutSeed = random.nextLong();
        List<Path> images = layout.images(directory, "cut");
        int unflushed = cuts.materialise(place, kind, new Random(cutSeed), images);
        long tick = story.log().tickOf(place);
        try {
            if (isNested) {
                cutDuringRecovery(images, tick);
            } else {
                PoolVerdict.judge(open(images), story.versions(), tick);
            }
            return unflushed;
        } catch (AssertionError | RuntimeException wrong) {
            Path kept = Files.createDirectories(Path.of("target", "power-cut-" + layout + "-" + place));
            cuts.materialise(place, kind, new Random(cutSeed), layout.images(kept, "disk"));
            throw new AssertionError(
                    wrong.getMessage() + "\nlayout=" + layout + ", path=" + story.path() + ", place=" + place + " of "
                            + story.log().size() + ", kind=" + kind
                            + ", unflushed=" + unflushed + ", nested=" + isNested + ", seed=" + seed + ", disks="
                            + kept.toAbsolutePath(),
                    wrong);
        }
    }

    private Map<String, ByteBuffer> open(List<Path> images) {
        try (PoolDisks disks = PoolDisks.attach(layout, directory, disk -> LoopDevice.ofFile(images.get(disk)))) {
            return PoolVerdict.open(disks.pool());
        }
    }

    /** A real server recovers on recorded disks; the power fails again meanwhile or just afterwards. */
    private void cutDuringRecovery(List<Path> images, long outerTick) throws IOException {
        List<Path> before = layout.images(directory, "recovering");
        for (int disk = 0; disk < images.size(); disk++) {
            Exec.run("cp", images.get(disk).toString(), before.get(disk).toString())
                    .ok();
        }
        try (DiskLog log = new DiskLog(directory.resolve("recovery-log"), story.history()::now)) {
            Map<String, ByteBuffer> seen;
            int recoveredAt;
            try (RecordingDisks recording = RecordingDisks.serve(directory.resolve("recovery.sock"), images, log);
                    PoolDisks disks = PoolDisks.attach(
                            layout,
                            directory,
                            disk -> LoopDevice.attach(directory.resolve("again" + disk), recording.uri(disk)));
                    ServerProcess server = new ServerProcess(disks.pool())) {
                server.start();
                recoveredAt = log.size();
                seen = server.contents();
                PoolVerdict.judge(seen, story.versions(), outerTick);
            }
            PowerCut again = new PowerCut(log, before, Integer.MAX_VALUE);
            int[] places = random.ints(INNER_CUTS, 0, log.size() + 1).sorted().toArray();
            for (int place : places) {
                List<Path> cut = layout.images(directory, "second");
                again.materialise(place, CutKind.any(random), random, cut);
                Map<String, ByteBuffer> contents = open(cut);
                PoolVerdict.judge(contents, story.versions(), outerTick);
                if (place >= recoveredAt) {
                    assertThat(contents.equals(seen))
                            .as("what the recovered server showed is durable, place=%d of %d", place, log.size())
                            .isTrue();
                }
            }
        }
    }

    /** The judge itself: disks which from some moment on only say that they have flushed lose what was promised. */
    private void disksThatIgnoreFlushesAreFoundOut() {
        PowerCut lying = new PowerCut(story.log(), story.copyEmptyImages("lying"), story.populatedAt());
        List<Path> images = layout.images(directory, "cut");
        lying.materialise(story.killedAt(), CutKind.NONE, random, images);
        Map<String, ByteBuffer> contents = open(images);
        assertThatThrownBy(() -> PoolVerdict.judge(
                        contents, story.versions(), story.log().tickOf(story.killedAt())))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("LOST");
    }
}
