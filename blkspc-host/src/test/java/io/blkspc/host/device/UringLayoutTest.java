package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The structures of io_uring are those of the kernel: linux/io_uring.h, which never changes what it has. */
class UringLayoutTest {

    private final MemorySegment memory = Arena.ofAuto().allocate(128, 8);

    @Test
    void layoutIsFrozen() {
        assertThat(UringParams.BYTES).isEqualTo(120);
        assertThat(UringEntry.BYTES).isEqualTo(64);
        assertThat(UringCompletion.BYTES).isEqualTo(16);
        assertThat(new int[] {
                    UringParams.SETUP_CLAMP, UringParams.SETUP_SINGLE_ISSUER, UringParams.SETUP_DEFER_TASKRUN,
                    UringParams.FEATURE_SINGLE_MMAP, UringParams.FEATURE_NODROP, UringEntry.OP_POLL_ADD,
                    UringEntry.OP_READ, UringCalls.ENTER_GETEVENTS
                })
                .containsExactly(0x10, 0x1000, 0x2000, 1, 2, 6, 22, 1);
    }

    @Test
    void everyFieldOfTheParametersIsWhereTheKernelHasIt() {
        UringParams params = new UringParams(memory).flags(0x1234);
        assertThat(memory.get(JAVA_INT, 8)).isEqualTo(0x1234);
        for (int at = 0; at < UringParams.BYTES; at += 4) {
            memory.set(JAVA_INT, at, at);
        }
        assertThat(new int[] {
                    params.sqEntries(), params.cqEntries(), params.sqHead(), params.sqTail(), params.sqMask(),
                    params.sqArray(), params.cqHead(), params.cqTail(), params.cqMask(), params.cqes()
                })
                .containsExactly(0, 4, 40, 44, 48, 64, 80, 84, 88, 100);
        assertThat(params.has(20)).isTrue(); // features, at 20
        assertThat(params.has(21)).isFalse();
        assertThat(params.ringBytes()).isEqualTo(100 + 4 * 16);
    }

    @Test
    void everyFieldOfAnEntryIsWhereTheKernelHasIt() {
        MemorySegment entry = memory.asSlice(0, UringEntry.BYTES);
        entry.fill((byte) -1);
        UringEntry.read(entry, 3, 4096, 0x1122334455667788L, 8192, 77);
        check(entry, 22, 3, 4096, 0x1122334455667788L, 8192, 0, 77);
        entry.fill((byte) -1);
        UringEntry.poll(entry, 5, 0x2019, -1);
        check(entry, 6, 5, 0, 0, 0, 0x2019, -1);
    }

    private static void check(MemorySegment entry, long... fields) {
        assertThat(new long[] {
                    entry.get(JAVA_BYTE, 0),
                    entry.get(JAVA_INT, 4),
                    entry.get(JAVA_LONG, 8),
                    entry.get(JAVA_LONG, 16),
                    entry.get(JAVA_INT, 24),
                    entry.get(JAVA_INT, 28),
                    entry.get(JAVA_LONG, 32)
                })
                .containsExactly(fields);
        assertThat(entry.get(JAVA_INT, 0) >>> 8).as("flags and ioprio").isZero();
        for (long at = 40; at < 64; at += 8) {
            assertThat(entry.get(JAVA_LONG, at)).isZero();
        }
    }

    @Test
    void everyFieldOfACompletionIsWhereTheKernelHasIt() {
        memory.set(JAVA_LONG, 16, 42);
        memory.set(JAVA_INT, 24, -5);
        assertThat(UringCompletion.userData(memory, 16)).isEqualTo(42);
        assertThat(UringCompletion.result(memory, 16)).isEqualTo(-5);
    }
}
