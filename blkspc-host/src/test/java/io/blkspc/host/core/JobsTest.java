package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.JobInfo;
import io.blkspc.api.JobInfo.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is told of the work of the reaper, step by step, and that it is found again under its number. */
class JobsTest {

    private static final int EXTENTS = 400;
    private static final int STRIDE_BLOCKS = 256; // a leaf for each: one step looks at 64
    private static final long SIZE_BYTES = (long) EXTENTS * STRIDE_BLOCKS * Geometry.BLOCK_BYTES;

    private final CountingPool at = new CountingPool(256 << 20);

    private void write(String volume, int extents) {
        try (BlockSpace space = at.pool.open(volume)) {
            CostCountsTest.fill(space, extents, STRIDE_BLOCKS);
        }
        at.pool.flush();
    }

    private JobInfo only() {
        assertThat(at.pool.jobs()).hasSize(1);
        return at.pool.jobs().getFirst();
    }

    @Test
    void destroyedVolumeIsAJobWithProgressUntilItsSpaceIsBack() {
        at.pool.create("v", SIZE_BYTES);
        write("v", EXTENTS);
        long bytes = (long) EXTENTS * Geometry.BLOCK_BYTES;
        assertThat(at.pool.jobs()).isEmpty();
        at.pool.destroy(List.of("v"), false);
        JobInfo before = only();
        assertThat(before).isEqualTo(new JobInfo(before.id(), Kind.DESTROY, "v", true, 0, bytes));
        int percent = 0;
        int steps = 0;
        while (!at.pool.jobs().isEmpty()) {
            JobInfo now = only();
            assertThat(now.id()).isEqualTo(before.id());
            assertThat(now.percent()).isGreaterThanOrEqualTo(percent);
            assertThat(now.bytes()).isLessThanOrEqualTo(bytes);
            steps += now.percent() > percent ? 1 : 0;
            percent = now.percent();
            bytes = now.bytes();
            at.pool.backgroundRound();
        }
        assertThat(steps).isGreaterThan(2);
        assertThat(bytes).isZero();
        assertThat(at.pool.status().allocatedBytes()).isZero();
    }

    @Test
    void jobsAreListedInTheirOrderAndFoundAgainAfterTheStart() {
        for (String name : List.of("a", "b")) {
            at.pool.create(name, SIZE_BYTES);
            write(name, 100);
            at.pool.snapshot(List.of(name + "@s"));
            write(name, 50);
        }
        at.pool.destroy(List.of("a", "a@s", "b@s"), false);
        List<JobInfo> jobs = at.pool.jobs();
        // What has one child is merged before anything is detached.
        assertThat(jobs).extracting(JobInfo::name).containsExactlyInAnyOrder("a", "a@s", "b@s");
        assertThat(jobs).extracting(JobInfo::kind).containsExactly(Kind.MERGE, Kind.MERGE, Kind.DESTROY);
        assertThat(jobs).extracting(JobInfo::running).containsExactly(true, false, false);
        List<Long> ids = jobs.stream().map(JobInfo::id).toList();
        at.pool.close();
        try (PoolView view = at.view()) {
            assertThat(view.jobs()).extracting(JobInfo::id).containsExactlyInAnyOrderElementsOf(ids);
        }
        at.open();
        assertThat(at.pool.jobs()).extracting(JobInfo::id).containsExactlyInAnyOrderElementsOf(ids);
        long first = at.pool.jobs().getFirst().id();
        at.pool.backgroundRound(); // joined into the version below; what that had dropped is left to sort
        assertThat(at.pool.jobs().getFirst().id()).isEqualTo(first);
        at.pool.awaitJob(first);
        at.pool.awaitJob(ids.getFirst());
        assertThat(at.pool.jobs())
                .extracting(JobInfo::id)
                .doesNotContain(ids.getFirst())
                .isNotEmpty();
        at.pool.awaitReclaim();
        assertThat(at.pool.jobs()).isEmpty();
        assertThat(at.pool.status().allocatedBytes()).isEqualTo(100L * Geometry.BLOCK_BYTES);
        EngineFacts.requireExact(at.pool);
    }

    @Test
    void whatOnlyWentOutOfUseAmongClonesIsAJobToo() {
        at.pool.create("v", SIZE_BYTES);
        write("v", 100);
        at.pool.clone("v", List.of("c"));
        write("v", 10);
        assertThat(at.pool.jobs()).isEmpty();
        write("c", 10); // now nobody needs those ten
        assertThat(only().kind()).isEqualTo(Kind.UNSHARE);
        at.pool.awaitJob(only().id());
        assertThat(at.pool.jobs()).isEmpty();
        assertThat(at.pool.status().allocatedBytes()).isEqualTo(110L * Geometry.BLOCK_BYTES);
    }
}
