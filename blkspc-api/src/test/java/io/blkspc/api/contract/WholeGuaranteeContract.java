package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A volume that is guaranteed in full refuses no client of its own, however full the pool is (D9). */
public interface WholeGuaranteeContract extends ContractHost {

    /** Blocks of the volumes here. */
    int WHOLE = 24;

    /** The same in bytes, as a long. */
    long WHOLE_BYTES = 24L * BLOCK;

    private static BlockSpace whole(Fixture f) {
        f.pool().create("g", WHOLE_BYTES, Quota.guarantee(Quota.FULL));
        return f.space("g");
    }

    /** Blocks that were staged over others: a host may have written in place instead. */
    private static int redirected(List<Staged> staged) {
        return staged.stream()
                .filter(each -> each.kind() == Allocation.COW)
                .mapToInt(each -> (int) (each.length() / BLOCK))
                .sum();
    }

    /** With one cookie, as a client that does not know what lies below: every block, and checked. */
    private static void overwrite(Fixture f, String name, int seed) {
        byte[] data = bytes(seed, WHOLE * BLOCK);
        f.io(name).write(0, data);
        assertThat(f.io(name).read(0, data.length)).isEqualTo(data);
    }

    @Test
    default void whatIsItsOwnIsReservedAndOverwrittenInAFullPool() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            overwrite(f, "g", 1);
            List<Cookie> drained = f.drain(f.space());
            assertThat(f.available()).isZero();
            overwrite(f, "g", 2); // written just now
            f.pool().flush();
            overwrite(f, "g", 3); // and long ago
            space.discard(0, WHOLE_BYTES);
            overwrite(f, "g", 4); // unwritten just now
            space.discard(0, WHOLE_BYTES);
            f.pool().flush();
            overwrite(f, "g", 5);
            assertThat(f.available()).isZero();
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void anyNumberOfCreditsIsGrantedAndTakesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 10 * BLOCK));
            List<Cookie> drained = f.drain(f.space());
            long promised = f.status().promisedBytes();
            assertThat(space.reservable(BLOCK)).isEqualTo(Integer.MAX_VALUE);
            assertThat(space.reservable(1 << 20, 1000)).isEqualTo(Integer.MAX_VALUE);
            Cookie most = space.reserve(Integer.MAX_VALUE, 1 << 20);
            Cookie more = space.reserve(10 * WHOLE, BLOCK);
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            f.stageAll(space, more, 0, bytes(2, WHOLE * BLOCK)).forEach(s -> f.commit(space, more, s));
            f.stageAll(space, most, 0, bytes(3, WHOLE * BLOCK)).forEach(s -> f.commit(space, most, s));
            most.put();
            more.put();
            assertThat(f.io("g").read(0, WHOLE * BLOCK)).isEqualTo(bytes(3, WHOLE * BLOCK));
            drained.forEach(Cookie::put);
        }
    }

    /** Blocks for redirects are the pool's to give, so that what others write over does not take those of the holes. */
    @Test
    default void redirectsLeaveTheHolesTheirBlocks() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 12 * BLOCK));
            Cookie spare = f.space().reserve(5, BLOCK);
            List<Cookie> drained = f.drain(f.space());
            spare.put();
            Cookie first = space.reserve(12, BLOCK);
            List<Staged> redirected = f.stageAll(space, first, 0, bytes(2, 5 * BLOCK));
            drained.addAll(f.drain(f.space()));
            assertThat(f.available()).isZero();
            Cookie second = space.reserve(12, BLOCK);
            List<Staged> holes = f.stageAll(space, second, 12L * BLOCK, bytes(3, 12 * BLOCK));
            assertThat(f.pool().info("g").reservedBytes()).isZero();
            holes.forEach(s -> f.commit(space, second, s));
            redirected.forEach(s -> f.commit(space, first, s));
            second.put();
            first.put();
            assertThat(f.io("g").read(0, 5 * BLOCK)).isEqualTo(bytes(2, 5 * BLOCK));
            assertThat(f.io("g").read(12L * BLOCK, 12 * BLOCK)).isEqualTo(bytes(3, 12 * BLOCK));
            overwrite(f, "g", 4);
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void aMergeUnderStagesLeavesTheHolesTheirBlocks() {
        for (boolean commits : new boolean[] {true, false}) {
            try (Fixture f = fixture()) {
                BlockSpace space = whole(f);
                f.io("g").write(0, bytes(1, 8 * BLOCK));
                f.pool().snapshot(List.of("g@s"));
                f.io("g").write(2L * BLOCK, bytes(2, 2 * BLOCK));
                Cookie early = space.reserve(6, BLOCK);
                List<Staged> staged = f.stageAll(space, early, 4L * BLOCK, bytes(3, 6 * BLOCK)); // two of them holes
                List<Cookie> drained = f.drain(f.space());
                f.pool().destroy(List.of("g@s"), false);
                f.pool().awaitReclaim();
                assertThat(f.pool().info("g").reservedBytes())
                        .as("what is neither its own nor staged")
                        .isEqualTo(14L * BLOCK);
                drained.addAll(f.drain(f.space()));
                Cookie late = space.reserve(14, BLOCK);
                f.stageAll(space, late, 10L * BLOCK, bytes(4, 14 * BLOCK)).forEach(s -> f.commit(space, late, s));
                if (commits) {
                    staged.forEach(s -> f.commit(space, early, s));
                    assertThat(f.io("g").read(4L * BLOCK, 6 * BLOCK)).isEqualTo(bytes(3, 6 * BLOCK));
                }
                late.put();
                early.put();
                assertThat(f.available())
                        .as("four that were staged over its own")
                        .isEqualTo(4L * BLOCK);
                assertThat(f.pool().info("g").reservedBytes()).isEqualTo(commits ? 0 : 2L * BLOCK);
                overwrite(f, "g", 5);
                drained.forEach(Cookie::put);
            }
        }
    }

    @Test
    default void whatOneAnswerHandedOutIsCommittedInOneRangeThoughAMergeMadeHalfOfItItsOwn() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("g@s1"));
            f.io("g").write(4L * BLOCK, bytes(2, 4 * BLOCK));
            f.pool().snapshot(List.of("g@s2"));
            Cookie cookie = space.reserve(4, BLOCK);
            List<Staged> staged = f.stageAll(space, cookie, 2L * BLOCK, bytes(3, 4 * BLOCK));
            f.pool().destroy(List.of("g@s2"), false);
            f.pool().awaitReclaim();
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(18L * BLOCK);
            staged.forEach(s -> f.commit(space, cookie, s));
            cookie.put();
            assertThat(f.io("g").read(2L * BLOCK, 4 * BLOCK)).isEqualTo(bytes(3, 4 * BLOCK));
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(18L * BLOCK);
        }
    }

    @Test
    default void aFreezeCoversWhatIsStagedOverItsOwnOrIsRefused() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 12 * BLOCK));
            Cookie cookie = space.reserve(6, BLOCK);
            List<Staged> staged = f.stageAll(space, cookie, 10L * BLOCK, bytes(2, 4 * BLOCK)); // two of each
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(10L * BLOCK);
            int lacking = 12 - redirected(staged);
            Cookie other = f.space().reserve((int) (f.available() / BLOCK) - lacking + 1, BLOCK);
            long promised = f.status().promisedBytes();
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().snapshot(List.of("g@s")));
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().clone("g", List.of("c")));
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("g", "vol");
            other.put();
            Cookie exactly = f.space().reserve((int) (f.available() / BLOCK) - lacking, BLOCK);
            f.pool().snapshot(List.of("g@s"));
            List<Cookie> drained = f.drain(f.space());
            assertThat(f.pool().info("g").reservedBytes())
                    .as("all that is not staged")
                    .isEqualTo((22L - redirected(staged)) * BLOCK);
            staged.forEach(s -> f.commit(space, cookie, s));
            cookie.put();
            overwrite(f, "g", 3);
            assertThat(f.io("g@s").read(0, 10 * BLOCK)).isEqualTo(bytes(1, 10 * BLOCK));
            exactly.put();
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void aFreezeWithRoomPromisesNoMoreThanWhatIsNotStaged() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 12 * BLOCK));
            Cookie cookie = space.reserve(8, BLOCK);
            List<Staged> staged = f.stageAll(space, cookie, 8L * BLOCK, bytes(2, 8 * BLOCK));
            f.pool().snapshot(List.of("g@s"));
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo((20L - redirected(staged)) * BLOCK);
            cookie.put();
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(WHOLE_BYTES);
        }
    }

    @Test
    default void aLimitOfItsSizeEndsNothing() {
        try (Fixture f = fixture()) {
            f.pool().create("g", WHOLE_BYTES, new Quota(Quota.FULL, WHOLE_BYTES));
            overwrite(f, "g", 1);
            overwrite(f, "g", 2);
            Cookie more = f.space("g").reserve(2 * WHOLE, BLOCK);
            List<Cookie> drained = f.drain(f.space());
            overwrite(f, "g", 3);
            more.put();
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void theLastPutGivesBackExactlyWhatWasStaged() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(0, bytes(1, 12 * BLOCK));
            long available = f.available();
            Cookie cookie = space.reserve(100, BLOCK);
            List<Staged> staged = f.stageAll(space, cookie, 8L * BLOCK, bytes(2, 8 * BLOCK));
            assertThat(f.available()).isEqualTo(available - redirected(staged) * (long) BLOCK);
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(8L * BLOCK);
            cookie.put();
            assertThat(f.available()).isEqualTo(available);
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(12L * BLOCK);
        }
    }

    @Test
    default void holesArePreallocatedInAFullPool() {
        try (Fixture f = fixture()) {
            BlockSpace space = whole(f);
            f.io("g").write(4L * BLOCK, bytes(1, 4 * BLOCK));
            List<Cookie> drained = f.drain(f.space());
            Cookie cookie = space.reserve(WHOLE, BLOCK);
            f.stage(space, cookie, 0, bytes(2, 2 * BLOCK));
            space.preallocate(cookie, 8L * BLOCK, WHOLE_BYTES - 8L * BLOCK);
            cookie.put();
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(4L * BLOCK);
            overwrite(f, "g", 3);
            drained.forEach(Cookie::put);
        }
    }
}
