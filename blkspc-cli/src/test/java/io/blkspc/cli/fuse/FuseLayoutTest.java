package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.SpaceStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The structures of libfuse3 and of Linux on x86, field by field as its headers have them. */
class FuseLayoutTest {

    private static final FileStatus STATUS =
            new FileStatus(77, 0x80000001, 0100644, 5, 6, 2, 10_000, 3, -1, 2_000_000_003L, 4_000_000_005L);

    private static MemorySegment memory(int bytes) {
        return Arena.ofAuto().allocate(bytes, 8);
    }

    @Test
    void layoutIsFrozen() {
        assertThat(List.of(EntryParam.BYTES, StatRecord.BYTES, StatvfsRecord.BYTES))
                .containsExactly(176, 144, 112);
        MemorySegment entry = memory(EntryParam.BYTES);
        EntryParam.write(entry, STATUS, 77, 1.5);
        assertThat(entry.get(JAVA_LONG, 0)).isEqualTo(77);
        assertThat(entry.get(JAVA_LONG, 8)).isEqualTo(0x80000001L);
        assertThat(entry.get(JAVA_DOUBLE, 160)).isEqualTo(1.5);
        assertThat(entry.get(JAVA_DOUBLE, 168)).isEqualTo(1.5);
        MemorySegment stat = entry.asSlice(16, 144);
        assertThat(stat.get(JAVA_LONG, 8)).isEqualTo(77);
        assertThat(stat.get(JAVA_LONG, 16)).isEqualTo(2);
        assertThat(stat.get(JAVA_INT, 24)).isEqualTo(0100644);
        assertThat(stat.get(JAVA_INT, 28)).isEqualTo(5);
        assertThat(stat.get(JAVA_INT, 32)).isEqualTo(6);
        assertThat(stat.get(JAVA_LONG, 48)).isEqualTo(10_000);
        assertThat(stat.get(JAVA_LONG, 56)).isEqualTo(4096);
        assertThat(stat.get(JAVA_LONG, 64)).isEqualTo(24);
        assertThat(List.of(stat.get(JAVA_LONG, 72), stat.get(JAVA_LONG, 80))).containsExactly(-1L, 999_999_999L);
        assertThat(List.of(stat.get(JAVA_LONG, 88), stat.get(JAVA_LONG, 96))).containsExactly(2L, 3L);
        assertThat(List.of(stat.get(JAVA_LONG, 104), stat.get(JAVA_LONG, 112))).containsExactly(4L, 5L);
        MemorySegment space = memory(StatvfsRecord.BYTES);
        StatvfsRecord.write(space, new SpaceStatus(9000, 8000, 7000, 6528, 10));
        long available = new SpaceStatus(9000, 8000, 7000, 6528, 10).writableBlocks();
        assertThat(available).isEqualTo(6528 - 128 - 102);
        long[] fields = space.asSlice(0, 88).toArray(JAVA_LONG);
        assertThat(fields)
                .containsExactly(
                        4096, 4096, 8000, 7000, available, 10 + 8 * available, 8 * available, 8 * available, 0, 0, 255);
    }

    @Test
    void timesAreReadAsTheyAreWritten() {
        MemorySegment stat = memory(StatRecord.BYTES);
        StatRecord.write(stat, STATUS, 1);
        assertThat(StatRecord.time(stat.address(), 72)).isEqualTo(-1);
        assertThat(StatRecord.time(stat.address(), 104)).isEqualTo(4_000_000_005L);
        stat.set(JAVA_LONG, 88, Long.MAX_VALUE);
        assertThat(StatRecord.time(stat.address(), 88)).isPositive();
        stat.set(JAVA_LONG, 88, Long.MIN_VALUE);
        assertThat(StatRecord.time(stat.address(), 88)).isNegative();
    }

    @Test
    void anOpenFileIsReadWhereNoVersionMovedIt() {
        MemorySegment info = memory(40);
        info.set(JAVA_INT, 0, 0x8002);
        FileInfo.keepCache(info.address());
        FileInfo.handle(info.address(), 99);
        assertThat(FileInfo.flags(info.address())).isEqualTo(0x8002);
        assertThat(info.get(JAVA_INT, 4)).isEqualTo(4);
        assertThat(info.get(JAVA_LONG, 16)).isEqualTo(99);
        assertThat(FileInfo.handle(info.address())).isEqualTo(99);
    }

    @Test
    void everyOperationHasItsPlaceAndItsMethod() {
        assertThat(Operation.values()).extracting(Operation::place).doesNotHaveDuplicates();
        assertThat(Arrays.stream(Operation.values()).mapToInt(Operation::place).max())
                .hasValue(43);
        assertThat(List.of(Operation.LOOKUP.place(), Operation.STATFS.place(), Operation.LSEEK.place()))
                .containsExactly(2, 24, 43);
        for (Operation operation : Operation.values()) {
            boolean isThere = Stream.of(
                            NameRequests.class, DataRequests.class, DirectoryRequests.class, AttributeRequests.class)
                    .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                    .anyMatch(method -> method.getName().equals(operation.method())
                            && Arrays.equals(
                                    method.getParameterTypes(), operation.type().parameterArray()));
            assertThat(isThere).as(operation.name()).isTrue();
        }
    }

    @Test
    void stringsEndAtTheirZero() {
        MemorySegment text = Arena.ofAuto().allocateFrom("abc");
        assertThat(Memory.string(text.address())).containsExactly('a', 'b', 'c');
        Answers.Scratch scratch = new Answers.Scratch();
        assertThat(Memory.string(scratch.string(new byte[] {1, 2}))).containsExactly(1, 2);
        assertThat(Memory.string(scratch.string(new byte[0]))).isEmpty();
    }

    @Test
    void everyFailureHasANumberForPrograms() {
        for (io.blkspc.api.BlockSpaceException.Code code : io.blkspc.api.BlockSpaceException.Code.values()) {
            assertThat(Errno.of(new io.blkspc.api.BlockSpaceException(code, "x")))
                    .isPositive();
        }
        assertThat(Errno.of(new io.blkspc.api.BlockSpaceException(
                        io.blkspc.api.BlockSpaceException.Code.OUT_OF_SPACE, "x")))
                .isEqualTo(28);
        assertThat(Errno.of(new IllegalArgumentException())).isEqualTo(22);
        assertThat(Errno.of(new OutOfMemoryError())).isEqualTo(12);
        assertThat(Errno.of(new IllegalStateException())).isEqualTo(5);
    }
}
