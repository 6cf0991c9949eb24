package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.IntegrityLoad;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.testing.WrappedPool;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several connections, snapshots all the time, and a host that answers as awkwardly as the contract lets it. */
class DataIntegrityTest {

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());

    @ParameterizedTest
    @CsvSource({
        "WHEN_OWNED, false, 0",
        "WHEN_DURABLE, false, 0.3",
        "WHEN_DURABLE, true, 0.3",
        "ONLY_WITHOUT_CREDIT, true, 0",
    })
    void severalConnectionsSeeTheirOwnWrites(InPlaceRule rule, boolean cold, double faults) throws Exception {
        System.out.println("seed=" + seed);
        ModelPool pool = ModelPool.create(64L << 20, ModelOptions.defaults().with(rule));
        pool.create("vol", IntegrityLoad.SPAN_BYTES);
        pool.faults().seed(seed).shortMappings(faults).busyAnswers(faults / 3);
        WrappedPool exports = new WrappedPool(pool);
        exports.cold = cold;
        try (TestServer server = TestServer.start(pool, exports, NbdLimits.DEFAULT.withBuffers(128 << 10, 96 << 10))) {
            IntegrityLoad load = new IntegrityLoad(server.unix(), "vol", seed, 1500);
            AtomicInteger snapshots = new AtomicInteger();
            load.run(() -> takeSnapshot(pool, snapshots.getAndIncrement()));
            load.verify(server.tcp(), "vol");
            while (pool.info("vol").attachments() > 0) {
                Thread.onSpinWait();
            }
            assertThat(pool.status().promisedBytes()).isZero();
            pool.assertConsistent();
        }
    }

    /** Writes go on over shared blocks all the time. */
    private static void takeSnapshot(ModelPool pool, int number) {
        pool.snapshot(List.of("vol@s" + number));
        if (number >= 2) {
            pool.destroy(List.of("vol@s" + (number - 2)), false);
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
}
