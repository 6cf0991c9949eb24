package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that ended by whatever was thrown served nobody: who waited for it must not go on as if it had. */
class ForceGroupTest {

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoWaitsForARunThatThrowsIsToldSo(boolean joins) {
        SimScheduler scheduler = new SimScheduler(1);
        SimDisk fresh = new SimDisk(new InertScheduler(), 1);
        SimPool.create(fresh, new InertScheduler(), SimPool.geometry(1 << 20, 400, 256 << 10), 1);
        HostPool pool =
                SimPool.on(fresh.killImage().use(scheduler), scheduler, 2).open();
        int[] runs = {0};
        ForceGroup group = new ForceGroup(pool.engine(), "group", () -> {
            int run = ++runs[0];
            scheduler.pause(1_000_000);
            if (run == (joins ? 1 : 2)) {
                throw new StackOverflowError("planted"); // before it forced anything
            }
        });
        int[] told = {0};
        for (int caller = 0; caller < 4; caller++) {
            boolean isFirst = caller == 0;
            scheduler.spawn("caller", () -> {
                scheduler.pause(isFirst ? 1 : 500_000);
                try {
                    assertThat(TestIo.codeOf(() -> group.await(joins))).isEqualTo(Code.FAILED);
                    told[0]++;
                } catch (StackOverflowError planted) {
                    told[0]++;
                } catch (AssertionError served) {
                    assertThat(isFirst && !joins)
                            .as("served by a run that threw")
                            .isTrue();
                }
            });
        }
        scheduler.run();
        assertThat(told[0]).isEqualTo(joins ? 4 : 3);
        assertThat(pool.engine().isFailed()).isTrue();
    }
}
