package io.blkspc.api.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelPoolTest {

    @ParameterizedTest
    @EnumSource(InPlaceRule.class)
    void cloneAndOriginDiffer(InPlaceRule rule) {
        ModelPool pool = ModelPool.create(1 << 20, ModelOptions.defaults().with(rule));
        pool.create("a", 1 << 20);
        pool.faults().seed(7).shortMappings(0.5).busyAnswers(0.2);
        BlockSpace a = pool.open("a");
        new TestIo(a).write(100, new byte[] {1, 2, 3});
        pool.clone("a", List.of("b"));
        new TestIo(pool.open("b")).write(101, new byte[] {9});
        assertThat(new TestIo(a).read(99, 5)).containsExactly(0, 1, 2, 3, 0);
        assertThat(new TestIo(pool.open("b")).read(99, 5)).containsExactly(0, 1, 9, 3, 0);
        assertThat(pool.info("b").exclusiveBytes()).isEqualTo(4096);
        pool.assertConsistent();
        pool.destroy(List.of("a"), true);
        pool.assertConsistent();
        assertThat(pool.status().allocatedBytes()).isEqualTo(4096);
    }
}
