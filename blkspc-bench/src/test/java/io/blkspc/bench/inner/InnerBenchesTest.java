package io.blkspc.bench.inner;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every bench of the inner parts runs; the figures are printed by the long run and asserted by neither. */
class InnerBenchesTest {

    private static final String BENCHES = "io\\.blkspc\\.bench\\.inner\\..*";

    @Test
    void everyBenchRuns() throws Exception {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(BENCHES)
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(5))
                .param("extents", "2000")
                .param("blocks", "1024")
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        assertThat(new Runner(options.build()).run()).hasSize(10);
    }

    @Test
    @EnabledIfSystemProperty(
            named = "blkspc.bench.inner",
            matches = "true",
            disabledReason = "measures for minutes, when it is asked for")
    void figures() throws Exception {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include(System.getProperty("blkspc.bench.include", BENCHES))
                        .forks(0) // this process has the flags that the host needs
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(2))
                        .measurementIterations(5)
                        .measurementTime(TimeValue.seconds(2))
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .build())
                .run();
        assertThat(results).isNotEmpty();
    }
}
