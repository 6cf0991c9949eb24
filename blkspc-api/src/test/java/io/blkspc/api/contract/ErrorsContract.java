package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.VolumeInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Codes of what is refused, and that refusing changes nothing (S14). */
public interface ErrorsContract extends ContractHost {

    @Test
    default void snapshotAllowsOnlyReading() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            Cookie cookie = f.space().reserve(1, BLOCK);
            BlockSpace space = f.space("vol@s");
            assertCode(Code.READ_ONLY, space::writeLease);
            assertCode(Code.READ_ONLY, () -> space.reserve(1, BLOCK));
            assertCode(Code.READ_ONLY, () -> space.reservable(BLOCK));
            assertCode(Code.READ_ONLY, () -> space.discard(0, BLOCK));
            assertCode(Code.READ_ONLY, () -> space.zero(0, BLOCK, true));
            assertCode(Code.READ_ONLY, () -> space.preallocate(cookie, 0, BLOCK));
            assertCode(Code.READ_ONLY, () -> space.commit(cookie, CommitType.COW, new CommitBatch()));
            space.flush();
            space.flush(0, BLOCK);
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            cookie.put();
        }
    }

    @Test
    default void unknownNamesAreNotFound() {
        try (Fixture f = fixture()) {
            Pool pool = f.pool();
            assertCode(Code.NOT_FOUND, () -> pool.info("none"));
            assertCode(Code.NOT_FOUND, () -> pool.info("vol@none"));
            assertCode(Code.NOT_FOUND, () -> pool.open("none"));
            assertCode(Code.NOT_FOUND, () -> pool.snapshot(List.of("none@s")));
            assertCode(Code.NOT_FOUND, () -> pool.clone("none", List.of("c")));
            assertCode(Code.NOT_FOUND, () -> pool.destroy(List.of("none"), true));
        }
    }

    @Test
    default void takenNamesExist() {
        try (Fixture f = fixture()) {
            Pool pool = f.pool();
            pool.snapshot(List.of("vol@s"));
            assertCode(Code.EXISTS, () -> pool.create("vol", 1 << 20));
            assertCode(Code.EXISTS, () -> pool.snapshot(List.of("vol@s")));
            assertCode(Code.EXISTS, () -> pool.clone("vol", List.of("vol")));
            assertThat(pool.list()).extracting(VolumeInfo::name).containsExactly("vol", "vol@s");
        }
    }

    @Test
    default void badNamesAreIllegal() {
        try (Fixture f = fixture()) {
            Pool pool = f.pool();
            String tooLong = "a".repeat(129);
            for (String name : List.of("", "-a", ".a", "_a", "a b", "a/b", "a@b", "ä", "a\n", tooLong)) {
                assertThatThrownBy(() -> pool.create(name, 1 << 20))
                        .as("name=" + name)
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> pool.clone("vol", List.of("c", name)))
                        .as("name=" + name)
                        .isInstanceOf(IllegalArgumentException.class);
            }
            for (String name : List.of("vol", "vol@", "@s", "vol@s@t", "vol@-s", "vol@" + tooLong)) {
                assertThatThrownBy(() -> pool.snapshot(List.of(name)))
                        .as("name=" + name)
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> pool.info("a b")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pool.open("a b")).isInstanceOf(IllegalArgumentException.class);
            pool.create("a".repeat(128), BLOCK);
            pool.create("A.b_c-9", BLOCK);
            assertThat(pool.list()).hasSize(3);
        }
    }

    @Test
    default void listsWithoutNamesOrWithOneTwiceAreIllegal() {
        try (Fixture f = fixture()) {
            Pool pool = f.pool();
            List<Runnable> calls = List.of(
                    () -> pool.snapshot(List.of()),
                    () -> pool.snapshot(List.of("vol@x", "vol@y")),
                    () -> pool.clone("vol", List.of()),
                    () -> pool.clone("vol", List.of("c", "c")),
                    () -> pool.destroy(List.of(), false),
                    () -> pool.destroy(List.of("vol", "vol"), false));
            for (Runnable call : calls) {
                assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(pool.list()).extracting(VolumeInfo::name).containsExactly("vol");
        }
    }

    @Test
    default void badSizesAreIllegal() {
        try (Fixture f = fixture()) {
            for (long size : new long[] {-4096, 0, 1, 512, 4097, Geometry.MAX_VOLUME_BYTES + 4096, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> f.pool().create("x", size))
                        .as("size=" + size)
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(f.pool().create("small", BLOCK).sizeBytes()).isEqualTo(BLOCK);
            VolumeInfo largest = f.pool().create("large", Geometry.MAX_VOLUME_BYTES);
            assertThat(largest.sizeBytes()).isEqualTo(Geometry.MAX_VOLUME_BYTES);
            f.io("large").write(Geometry.MAX_VOLUME_BYTES - BLOCK, bytes(1, BLOCK));
            assertThat(f.io("large").read(Geometry.MAX_VOLUME_BYTES - BLOCK, BLOCK))
                    .isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void closedHandleIsRefusedEverything() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.pool().open("vol");
            Cookie cookie = space.reserve(1, BLOCK);
            space.close();
            space.close();
            assertCode(Code.CLOSED, space::readLease);
            assertCode(Code.CLOSED, space::writeLease);
            assertCode(Code.CLOSED, () -> space.reserve(1, BLOCK));
            assertCode(Code.CLOSED, () -> space.discard(0, BLOCK));
            assertCode(Code.CLOSED, () -> space.zero(0, BLOCK, false));
            assertCode(Code.CLOSED, () -> space.preallocate(cookie, 0, BLOCK));
            assertCode(Code.CLOSED, () -> space.commit(cookie, CommitType.COW, Fixture.batch(0, bytes(1, BLOCK))));
            assertCode(Code.CLOSED, space::flush);
            cookie.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void closedPoolIsRefusedEverything() {
        Pool pool = newPool(POOL_BYTES);
        pool.create("vol", 1 << 20);
        BlockSpace space = pool.open("vol");
        pool.close();
        pool.close();
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.CLOSED);
        assertCode(Code.CLOSED, pool::list);
        assertCode(Code.CLOSED, () -> pool.info("vol"));
        assertCode(Code.CLOSED, () -> pool.open("vol"));
        assertCode(Code.CLOSED, () -> pool.create("x", 1 << 20));
        assertCode(Code.CLOSED, () -> pool.snapshot(List.of("vol@s")));
        assertCode(Code.CLOSED, () -> pool.clone("vol", List.of("c")));
        assertCode(Code.CLOSED, () -> pool.destroy(List.of("vol"), true));
        assertCode(Code.CLOSED, pool::flush);
        assertCode(Code.CLOSED, space::readLease);
        assertCode(Code.CLOSED, () -> space.reserve(1, BLOCK));
        assertCode(Code.CLOSED, space::flush);
        space.close();
    }

    @Test
    default void flushOfARangeOutsideIsOutOfRange() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            space.flush(3, 10);
            assertCode(Code.OUT_OF_RANGE, () -> space.flush(space.sizeBytes(), 1));
            assertThatThrownBy(() -> space.flush(-1, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    default void listIsOrderedByName() {
        try (Fixture f = fixture()) {
            f.pool().create("b", BLOCK);
            f.pool().create("vol.x", BLOCK);
            f.pool().create("a", BLOCK);
            f.pool().snapshot(List.of("vol@s", "a@z"));
            assertThat(f.pool().list())
                    .extracting(VolumeInfo::name)
                    .isSorted()
                    .containsExactlyInAnyOrder("a", "a@z", "b", "vol", "vol.x", "vol@s");
        }
    }
}
