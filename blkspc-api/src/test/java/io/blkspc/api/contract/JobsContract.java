package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.JobInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What gives space back is listed, and can be waited for. */
public interface JobsContract extends ContractHost {

    @Test
    default void jobsEndOneByOneUntilAllSpaceIsBack() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, 2 * BLOCK));
            f.pool().clone("vol@s", List.of("c"));
            f.io("c").write(0, bytes(3, BLOCK));
            f.closeSpaces();
            f.pool().destroy(List.of("vol@s", "vol", "c"), false);
            f.kill();
            for (JobInfo job : f.pool().jobs()) {
                f.pool().awaitJob(job.id());
                assertThat(f.pool().jobs()).extracting(JobInfo::id).doesNotContain(job.id());
                f.pool().awaitJob(job.id()); // done already
            }
            f.pool().awaitReclaim();
            assertThat(f.pool().jobs()).isEmpty();
            assertThat(f.status().allocatedBytes()).isZero();
            assertCode(Code.NOT_FOUND, () -> f.pool().awaitJob(Long.MAX_VALUE));
            assertCode(Code.NOT_FOUND, () -> f.pool().awaitJob(0));
        }
    }
}
