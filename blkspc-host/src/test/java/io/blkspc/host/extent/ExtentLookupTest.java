package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class ExtentLookupTest {

    private static final int LOOKUPS = 100_000;

    @Test
    void aLookupOfNodesInMemoryAllocatesNothing() {
        TreeFixture at = new TreeFixture(1 << 24);
        Root root = Root.EMPTY;
        for (int index = 0; index < 2_000; index++) {
            root = at.write(root, index * 37L, 1 + index % 5, 10_000L * index, 1, 0);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long found = lookups(at, root);
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        long again = lookups(at, root);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(again).isEqualTo(found).isPositive();
        // Far below one object per lookup; the measurement itself may allocate a little.
        assertThat(allocated).isLessThan(LOOKUPS / 100);
    }

    private static long lookups(TreeFixture at, Root root) {
        long sum = 0;
        for (int index = 0; index < LOOKUPS; index++) {
            if (at.tree.lookup(root, (index * 13L) % 80_000, 64, at.run)) {
                sum += at.run.physicalBlock();
            }
        }
        return sum;
    }
}
