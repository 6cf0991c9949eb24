package io.blkspc.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class BufferPoolTest {

    private static final int MIB = 1 << 20;

    private final AtomicBoolean isShort = new AtomicBoolean();
    private final BufferPool pool = new BufferPool(4L * MIB, bytes -> {
        if (isShort.get()) {
            throw new OutOfMemoryError("planted");
        }
        return ReplyMemory.allocate(bytes);
    });

    /** What the system refused does not count as held: else every refusal would lower the bound for good. */
    @Test
    void memoryThatTheSystemDoesNotHaveIsNotHeld() {
        isShort.set(true);
        for (int i = 0; i < 10; i++) {
            assertThat(pool.tryAcquire(3 * MIB)).isNull();
        }
        assertThat(pool.usedBytes()).isZero();
        isShort.set(false);
        ReplyMemory large = pool.tryAcquire(3 * MIB);
        assertThat(large).isNotNull();
        assertThat(pool.usedBytes()).isEqualTo(3L * MIB);
        assertThat(pool.tryAcquire(3 * MIB)).as("beyond the bound").isNull();
        pool.release(large);
        assertThat(pool.usedBytes()).isZero();
        pool.close();
    }
}
