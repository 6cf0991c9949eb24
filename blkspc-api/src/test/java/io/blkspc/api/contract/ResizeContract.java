package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.api.Quota;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Volumes that get another size. */
public interface ResizeContract extends ContractHost {

    @Test
    default void volumeGrowsWhileItIsUsed() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long size = space.sizeBytes();
            TestIo io = new TestIo(space);
            io.write(size - BLOCK, bytes(1, BLOCK));
            Cookie cookie = space.reserve(2, BLOCK);
            assertCode(Code.OUT_OF_RANGE, () -> io.write(size, bytes(2, BLOCK)));
            assertThat(f.pool().resize("vol", 2 * size, false).sizeBytes()).isEqualTo(2 * size);
            assertThat(space.sizeBytes()).isEqualTo(2 * size);
            assertThat(io.read(size, BLOCK)).containsOnly(0);
            io.write(2 * size - BLOCK, bytes(2, BLOCK));
            cookie.put();
            f.kill();
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(2 * size);
            assertThat(f.io().read(size - BLOCK, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io().read(2 * size - BLOCK, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void shrinkingGivesUpWhatLiesBeyondForGood() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 600 * BLOCK));
            f.closeSpaces();
            long size = f.pool().info("vol").sizeBytes();
            assertThatThrownBy(() -> f.pool().resize("vol", 300L * BLOCK, false))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(size);
            assertThat(f.pool().resize("vol", 300L * BLOCK, true).mappedBytes()).isEqualTo(300L * BLOCK);
            f.pool().awaitReclaim();
            assertThat(f.status().allocatedBytes()).isEqualTo(300L * BLOCK);
            assertCode(Code.OUT_OF_RANGE, () -> f.io().read(300L * BLOCK, BLOCK));
            f.closeSpaces();
            f.kill();
            assertThat(f.status().allocatedBytes()).isEqualTo(300L * BLOCK);
            f.pool().resize("vol", size, false);
            assertThat(f.io().read(0, 300 * BLOCK)).isEqualTo(bytes(1, 300 * BLOCK));
            assertThat(f.io().read(300L * BLOCK, 300 * BLOCK)).containsOnly(0);
        }
    }

    @Test
    default void volumeInUseIsNotMadeSmaller() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.pool().open("vol");
            assertCode(Code.BUSY, () -> f.pool().resize("vol", BLOCK, true));
            Cookie cookie = space.reserve(1, BLOCK);
            space.close();
            assertCode(Code.BUSY, () -> f.pool().resize("vol", BLOCK, true));
            cookie.put();
            assertThat(f.pool().resize("vol", BLOCK, true).sizeBytes()).isEqualTo(BLOCK);
        }
    }

    @Test
    default void snapshotsAndTheirClonesKeepTheirSize() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 100 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.pool().clone("vol@s", List.of("c"));
            f.closeSpaces();
            long size = f.pool().info("vol").sizeBytes();
            f.pool().resize("vol", 50L * BLOCK, true);
            f.pool().clone("vol@s", List.of("d"));
            f.pool().clone("vol", List.of("e"));
            f.pool().snapshot(List.of("vol@t"));
            for (String name : List.of("vol@s", "c", "d")) {
                assertThat(f.pool().info(name).sizeBytes()).isEqualTo(size);
                assertThat(f.io(name).read(0, 100 * BLOCK)).isEqualTo(bytes(1, 100 * BLOCK));
            }
            for (String name : List.of("vol", "e", "vol@t")) {
                assertThat(f.pool().info(name).sizeBytes()).isEqualTo(50L * BLOCK);
                assertThat(f.pool().info(name).mappedBytes()).isEqualTo(50L * BLOCK);
            }
            f.closeSpaces();
            assertThatThrownBy(() -> f.pool().resize("vol@s", size, false))
                    .isInstanceOf(IllegalArgumentException.class);
            f.pool().rollback("vol@s", null);
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(size);
            assertThat(f.io().read(0, 100 * BLOCK)).isEqualTo(bytes(1, 100 * BLOCK));
            f.closeSpaces();
            f.pool().rollback("vol@t", null);
            f.kill();
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(50L * BLOCK);
            assertThat(f.io().read(0, 50 * BLOCK)).isEqualTo(bytes(1, 50 * BLOCK));
        }
    }

    @Test
    default void guaranteeOfAllStaysOneOfAll() {
        try (Fixture f = fixture(512L * BLOCK)) {
            f.pool().create("g", 64L * BLOCK, Quota.guarantee(Quota.FULL));
            f.io("g").write(0, bytes(1, 32 * BLOCK));
            f.closeSpaces();
            assertThat(f.pool().resize("g", 128L * BLOCK, false).quota().guaranteeBytes())
                    .isEqualTo(128L * BLOCK);
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(96L * BLOCK);
            long promised = f.status().promisedBytes();
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().resize("g", 4096L * BLOCK, false));
            assertThat(f.pool().info("g").sizeBytes()).isEqualTo(128L * BLOCK);
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            f.kill();
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(96L * BLOCK);
            assertThat(f.pool().resize("g", 16L * BLOCK, true).reservedBytes()).isZero();
            assertThat(f.pool().info("g").quota().guaranteeBytes()).isEqualTo(16L * BLOCK);
            f.pool().resize("g", 64L * BLOCK, false);
            List<Cookie> drained = f.drain(f.space());
            f.io("g").write(16L * BLOCK, bytes(2, 48 * BLOCK)); // whatever others hold
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void guaranteeOfAPartStaysUnlessItIsMoreThanAll() {
        try (Fixture f = fixture(512L * BLOCK)) {
            f.pool().create("g", 64L * BLOCK, Quota.guarantee(40L * BLOCK));
            assertThat(f.pool().resize("g", 128L * BLOCK, false).quota().guaranteeBytes())
                    .isEqualTo(40L * BLOCK);
            assertThat(f.pool().resize("g", 20L * BLOCK, true).quota().guaranteeBytes())
                    .isEqualTo(20L * BLOCK);
            assertThat(f.status().promisedBytes()).isEqualTo(20L * BLOCK);
        }
    }

    @Test
    default void changesEndWhereTheVersionEnds() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 8 * BLOCK));
            f.closeSpaces();
            f.pool().resize("vol", 8L * BLOCK, true);
            f.pool().snapshot(List.of("vol@small"));
            f.pool().resize("vol", 16L * BLOCK, false);
            f.io().write(8L * BLOCK, bytes(2, 2 * BLOCK));
            f.pool().snapshot(List.of("vol@large"));
            f.closeSpaces();
            f.pool().resize("vol", 9L * BLOCK, true);
            assertThat(changed(f, "vol@large", "vol@small")).containsExactly(8L, 9L);
            assertThat(changed(f, "vol", "vol@small")).containsExactly(8L);
            assertThat(changed(f, "vol", "vol@large")).isEmpty();
            assertThat(changed(f, "vol@small", "vol@large")).isEmpty();
            assertThat(changed(f, "vol", null)).hasSize(9);
        }
    }

    private static List<Long> changed(Fixture f, String name, String since) {
        List<Long> blocks = new java.util.ArrayList<>();
        long size = f.pool().info(name).sizeBytes();
        for (long from = 0; from < size; ) {
            Changes part = f.pool().changedSince(name, since, from);
            for (Changes.Range range : part.ranges()) {
                assertThat(range.state()).isEqualTo(MappingState.WRITTEN);
                assertThat(range.endBytes()).isLessThanOrEqualTo(size);
                for (long at = range.offsetBytes(); at < range.endBytes(); at += BLOCK) {
                    blocks.add(at / BLOCK);
                }
            }
            from = part.nextOffsetBytes();
        }
        return blocks;
    }

    @Test
    default void ofSeveralDifferencesAtOnceNoneIsLost() throws Exception {
        try (Fixture f = fixture()) {
            long size = f.pool().info("vol").sizeBytes();
            List<Thread> threads = new ArrayList<>();
            AtomicInteger done = new AtomicInteger();
            for (int i = 0; i < 4; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int n = 0; n < 25; n++) {
                        f.pool().resizeBy("vol", BLOCK, false);
                        done.incrementAndGet();
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(done).hasValue(100);
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(size + 100L * BLOCK);
            assertThat(f.pool().resizeBy("vol", -BLOCK, true).sizeBytes()).isEqualTo(size + 99L * BLOCK);
            assertThatThrownBy(() -> f.pool().resizeBy("vol", -BLOCK, false))
                    .isInstanceOf(IllegalArgumentException.class);
            for (long wrong : new long[] {1, -size - 99L * BLOCK, Long.MAX_VALUE, Long.MIN_VALUE}) {
                assertThatThrownBy(() -> f.pool().resizeBy("vol", wrong, true))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertCode(Code.NOT_FOUND, () -> f.pool().resizeBy("none", -BLOCK, true));
            assertThat(f.pool().info("vol").sizeBytes()).isEqualTo(size + 99L * BLOCK);
        }
    }

    @Test
    default void sizesThatAreNoneAreRefused() {
        try (Fixture f = fixture()) {
            long size = f.pool().info("vol").sizeBytes();
            for (long wrong : new long[] {0, -BLOCK, BLOCK + 1, Geometry.MAX_VOLUME_BYTES + BLOCK}) {
                assertThatThrownBy(() -> f.pool().resize("vol", wrong, true))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertCode(Code.NOT_FOUND, () -> f.pool().resize("none", BLOCK, true));
            assertThat(f.pool().resize("vol", size, false).sizeBytes()).isEqualTo(size);
            assertThat(f.pool().resize("vol", Geometry.MAX_VOLUME_BYTES, false).sizeBytes())
                    .isEqualTo(Geometry.MAX_VOLUME_BYTES);
        }
    }
}
