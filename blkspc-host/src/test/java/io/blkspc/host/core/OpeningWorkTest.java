package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.sched.SystemScheduler;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The work of opening a pool follows what must be done: counted in IOs, not in time. */
class OpeningWorkTest {

    private static final int SEGMENT_BYTES = 128 << 10;

    private final SplittableRandom random = new SplittableRandom(1);
    private final PoolGeometry geometry = new PoolGeometry(128 << 20, 8_192, 4 << 20, SEGMENT_BYTES);
    private final CountingDevice journal = new CountingDevice(geometry.journalBytes());
    private final CountingDevice segments = new CountingDevice(geometry.segmentAreaBytes());
    private final CountingDevice data = new CountingDevice(geometry.dataBytes());
    private final PoolDevices devices = new PoolDevices(new CountingDevice(8192), journal, segments, data);
    private final CountingNodes nodes = new CountingNodes();

    /** SEMANTICS R14: what a clean stop left is taken as it is. */
    @Test
    void cleanOpenReadsNoNodeAndOfTheDataTheLabelOnlyHoweverManyExtentsThereAre() {
        opening().create(geometry);
        int extents = 0;
        for (int more : new int[] {1_000, 9_000}) {
            extents += more;
            HostPool pool = opening().open();
            fill(pool, "volume" + extents, more);
            long images = pool.engine().ledger.used(Resource.NODE_SLOTS);
            pool.close();
            forgetCounts();

            HostPool again = opening().open();

            assertThat(again.status().cleanOpen()).isTrue();
            assertThat(nodes.size()).isEqualTo(images);
            assertThat(nodes.reads).hasValue(0);
            assertThat(nodes.puts).hasValue(0);
            assertThat(data.reads()).isEqualTo(1);
            assertThat(data.bytesRead()).isEqualTo(Geometry.BLOCK_BYTES);
            assertThat(journal.reads()).isZero();
            // Of the segments only the directory, the tables, and the catalogue: never the images of nodes.
            assertThat(segments.bytesRead()).isLessThan(64 << 10);
            assertThat(images * NodeFormat.BYTES).isGreaterThan(extents == 1_000 ? 0 : 3 * (64 << 10));
            again.close();
        }
    }

    @Test
    void recoveryReadsEachSectorOfTheCheckpointOnceAndNoDataBelowTheMark() {
        opening().create(geometry);
        HostPool pool = opening().open();
        fill(pool, "volume", 10_000);
        pool.checkpoint();
        long images = pool.engine().ledger.used(Resource.NODE_SLOTS);
        kill(pool);
        forgetCounts();
        segments.countUntilFirstWrite();

        HostPool again = opening().open();

        assertThat(again.status().cleanOpen()).isFalse();
        assertThat(segments.mostReadsOfOneSector()).isEqualTo(1);
        assertThat(segments.bytesRead()).isBetween(images * NodeFormat.BYTES, 2 * images * NodeFormat.BYTES);
        assertThat(nodes.puts).hasValue(images);
        assertThat(nodes.reads.get()).isLessThanOrEqualTo(images);
        assertThat(data.reads()).isZero();
        again.close();
    }

    /** Blocks are handed out one after the other, so what is verified can be read in large pieces. */
    @Test
    void recoveryReadsTheDataAboveTheMarkOnceAndInLargePieces() {
        opening().create(geometry);
        HostPool pool = opening().open();
        pool.create("volume", ScatteredExtents.volumeBytes(8_192));
        ScatteredExtents extents = new ScatteredExtents(pool);
        extents.write("volume", 0, 4_096, 8_192, false);
        pool.engine().persistence.advanceMark();
        extents.write("volume", 4_096, 8_192, 8_192, true);
        kill(pool);
        forgetCounts();

        HostPool again = opening().open();

        assertThat(again.status().allocatedBytes()).isEqualTo(8_192L << Geometry.BLOCK_SHIFT);
        assertThat(data.bytesRead()).isBetween(4_096L << Geometry.BLOCK_SHIFT, 4_352L << Geometry.BLOCK_SHIFT);
        assertThat(data.mostReadsOfOneSector()).isEqualTo(1);
        assertThat(data.reads()).isLessThan(40);
        again.close();
    }

    private static void fill(HostPool pool, String volume, int extents) {
        pool.create(volume, ScatteredExtents.volumeBytes(extents));
        new ScatteredExtents(pool).write(volume, 0, extents, extents, false);
        pool.flush();
    }

    private void forgetCounts() {
        journal.forgetCounts();
        segments.forgetCounts();
        data.forgetCounts();
        nodes.reads.set(0);
        nodes.puts.set(0);
    }

    private static void kill(HostPool pool) {
        pool.fail(new IllegalStateException("killed"));
        assertThatThrownBy(pool::close).isInstanceOf(BlockSpaceException.class);
    }

    private PoolOpening opening() {
        PoolOpening.Environment environment = new PoolOpening.Environment(
                new SystemScheduler(),
                () -> new UUID(random.nextLong(), random.nextLong()),
                random::nextLong,
                () -> 1_600_000_000_000L,
                16 << 20,
                false);
        return new PoolOpening(environment, devices, nodes);
    }
}
