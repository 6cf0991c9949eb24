package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.ReservationInfo.Kind;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.client.SpaceIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Standing guarantees and limits (S3, A1, the sticky rule). */
public interface QuotaContract extends ContractHost {

    /** Blocks of the small volumes here. */
    int SMALL = 24;

    /** The same in bytes, as a long. */
    long SMALL_BYTES = 24L * BLOCK;

    @Test
    default void aGuaranteeStandsPromisedUntilItIsDrawn() {
        try (Fixture f = fixture()) {
            VolumeInfo made = f.pool().create("g", SMALL_BYTES, Quota.guarantee(SMALL_BYTES));
            assertThat(made.quota()).isEqualTo(Quota.guarantee(SMALL_BYTES));
            assertThat(made.reservedBytes()).isEqualTo(SMALL_BYTES);
            long promised = f.status().promisedBytes();
            BlockSpace space = f.space("g");
            Cookie cookie = space.reserve(8, BLOCK);
            assertThat(f.status().promisedBytes())
                    .as("credit moves, the total stays")
                    .isEqualTo(promised);
            f.stageAll(space, cookie, 0, bytes(1, 8 * BLOCK)).forEach(s -> f.commit(space, cookie, s));
            cookie.put();
            assertThat(f.status().promisedBytes()).isEqualTo(promised - 8 * BLOCK);
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(SMALL_BYTES - 8 * BLOCK);
        }
    }

    @Test
    default void fullMeansTheSizeOfTheVolume() {
        try (Fixture f = fixture()) {
            assertThat(f.pool()
                            .create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL))
                            .quota()
                            .guaranteeBytes())
                    .isEqualTo(SMALL_BYTES);
            assertThat(f.pool()
                            .clone("g", List.of("c"), Quota.guarantee(Quota.FULL))
                            .getFirst()
                            .reservedBytes())
                    .isEqualTo(SMALL_BYTES);
        }
    }

    @Test
    default void aGuaranteedVolumeIsWrittenInFullAfterOthersDrainedThePool() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            List<Cookie> drained = f.drain(f.space());
            assertThat(f.available()).isZero();
            writeAll(f, "g", 1);
            writeAll(f, "g", 2); // and again: what is its own needs nothing
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void aGuaranteedCloneIsOverwrittenInFullAfterOthersDrainedThePool() {
        try (Fixture f = fixture()) {
            f.pool().create("origin", SMALL_BYTES);
            writeAll(f, "origin", 1);
            f.pool().clone("origin", List.of("c1", "c2"), Quota.guarantee(Quota.FULL));
            List<Cookie> drained = f.drain(f.space());
            writeAll(f, "c2", 2);
            writeAll(f, "c1", 3);
            assertThat(f.io("origin").read(0, SMALL * BLOCK)).isEqualTo(bytes(1, SMALL * BLOCK));
            assertThat(f.io("c2").read(0, SMALL * BLOCK)).isEqualTo(bytes(2, SMALL * BLOCK));
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void aGuaranteeThatCannotBeCoveredIsRefusedAndChangesNothing() {
        try (Fixture f = fixture()) {
            long available = f.available();
            long promised = f.status().promisedBytes();
            long tooMuch = available + BLOCK;
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().create("g", tooMuch, Quota.guarantee(Quota.FULL)));
            assertCode(
                    Code.OUT_OF_SPACE,
                    () -> f.pool().clone("vol", List.of("a", "b", "c"), Quota.guarantee(available / 2)));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("vol");
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            assertThat(f.available()).isEqualTo(available);
        }
    }

    @Test
    default void aSnapshotOrCloneThatUncoversAGuaranteeIsRefusedAndChangesNothing() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            writeAll(f, "g", 1);
            BlockSpace other = f.space();
            Cookie most = other.reserve((int) (f.available() / BLOCK) - SMALL + 1, BLOCK);
            long promised = f.status().promisedBytes();
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().snapshot(List.of("g@s")));
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().clone("g", List.of("c")));
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().snapshot(List.of("vol@s", "g@s")));
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("g", "vol");
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            writeAll(f, "g", 2);
            most.put();
            f.pool().snapshot(List.of("g@s"));
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(SMALL_BYTES);
            f.pool().destroy(List.of("g@s"), false);
            f.pool().awaitReclaim();
            assertThat(f.pool().info("g").reservedBytes()).isZero();
        }
    }

    @Test
    default void discardingKeepsTheBlocksOfAGuaranteedVolume() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            writeAll(f, "g", 1);
            BlockSpace space = f.space("g");
            space.discard(0, 8L * BLOCK);
            space.zero(8L * BLOCK, 8L * BLOCK, false);
            assertThat(f.io("g").read(0, 16 * BLOCK)).isEqualTo(new byte[16 * BLOCK]);
            List<Cookie> drained = f.drain(f.space());
            assertThat(f.pool().info("g").exclusiveBytes()).isEqualTo(SMALL_BYTES);
            writeAll(f, "g", 2);
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void preallocatedBlocksAreWrittenWithoutCredit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(SMALL, BLOCK);
            space.preallocate(cookie, 0, SMALL_BYTES);
            cookie.put();
            f.pool().flush();
            List<Cookie> drained = f.drain(f.space());
            writeAll(f, "vol", 3);
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void aGuaranteeDoesNotEndTheVolume() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(4L * BLOCK));
            writeAll(f, "g", 1); // beyond it, from the pool like anybody
            VolumeInfo info = f.pool().info("g");
            assertThat(info.exclusiveBytes()).isEqualTo(SMALL_BYTES);
            assertThat(info.reservedBytes()).isZero();
        }
    }

    @Test
    default void aLimitEndsReservationsAndNotOverwrites() {
        try (Fixture f = fixture()) {
            f.pool().create("l", SMALL_BYTES, Quota.limit(10L * BLOCK));
            f.io("l").write(0, bytes(1, 8 * BLOCK));
            BlockSpace space = f.space("l");
            assertThatThrownBy(() -> space.reserve(3, BLOCK)).hasMessageContaining("reason=limit");
            assertCode(Code.OUT_OF_SPACE, () -> space.reserve(1, 1 << 20));
            Cookie two = space.reserve(2, BLOCK);
            assertCode(Code.OUT_OF_SPACE, () -> space.reserve(1, BLOCK));
            two.put();
            write(space, 8L * BLOCK, bytes(2, 2 * BLOCK));
            write(space, 0, bytes(3, 10 * BLOCK));
            assertCode(Code.OUT_OF_SPACE, () -> write(space, 10L * BLOCK, bytes(4, BLOCK)));
            assertThat(f.io("l").read(0, 10 * BLOCK)).isEqualTo(bytes(3, 10 * BLOCK));
            assertThatThrownBy(() -> f.pool().create("x", SMALL_BYTES, new Quota(8L * BLOCK, 4L * BLOCK)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    default void quotasSurviveReopeningAndKilling() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, new Quota(8L * BLOCK, 12L * BLOCK));
            f.io("g").write(0, bytes(1, 3 * BLOCK));
            f.reopen();
            assertThat(f.pool().info("g").quota()).isEqualTo(new Quota(8L * BLOCK, 12L * BLOCK));
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(5L * BLOCK);
            f.pool().clone("g", List.of("c"), Quota.guarantee(2L * BLOCK));
            Cookie lost = f.space("g").reserve(7, BLOCK);
            assertThat(lost.creditsRemaining()).isEqualTo(7);
            f.kill();
            assertThat(f.pool().info("g").reservedBytes()).isEqualTo(8L * BLOCK);
            assertThat(f.pool().info("c").reservedBytes()).isEqualTo(2L * BLOCK);
            assertThat(f.status().promisedBytes() - f.status().reservedBytes()).isNotNegative();
        }
    }

    @Test
    default void destroyGivesTheGuaranteeBack() {
        try (Fixture f = fixture()) {
            long available = f.available();
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            BlockSpace space = f.space("g");
            Cookie cookie = space.reserve(5, BLOCK);
            f.stageAll(space, cookie, 0, bytes(1, 2 * BLOCK));
            f.pool().destroy(List.of("g"), true);
            f.pool().awaitReclaim();
            cookie.put();
            assertThat(f.available()).isEqualTo(available);
        }
    }

    @Test
    default void reservationsListsCookiesAndGuarantees() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            BlockSpace space = f.space("g");
            Cookie cookie = space.reserve(6, BLOCK);
            assertThat(cookie.get()).isNotNull();
            f.stageAll(space, cookie, 0, bytes(1, 2 * BLOCK));
            cookie.cancel();
            List<ReservationInfo> found = f.pool().reservations();
            assertThat(found).extracting(ReservationInfo::kind).containsExactly(Kind.GUARANTEE, Kind.COOKIE);
            assertThat(found.getFirst().heldBytes())
                    .as("credits on a whole guarantee hold nothing, stages do")
                    .isEqualTo(SMALL_BYTES - 2 * BLOCK);
            ReservationInfo held = found.getLast();
            assertThat(held.volume()).isEqualTo("g");
            assertThat(held.id()).isEqualTo(cookie.id());
            assertThat(held.reservedBytes()).isEqualTo(6 * BLOCK);
            assertThat(held.heldBytes()).isZero();
            assertThat(held.stagedBytes()).isEqualTo(2 * BLOCK);
            assertThat(held.references()).isEqualTo(2);
            assertThat(held.cancelled()).isTrue();
            cookie.put();
            cookie.put();
            assertThat(f.pool().reservations()).hasSize(1);
        }
    }

    @Test
    default void aGuaranteeHoldsThroughStagesFreezesAndOtherCookies() {
        try (Fixture f = fixture()) {
            f.pool().create("g", SMALL_BYTES, Quota.guarantee(Quota.FULL));
            BlockSpace space = f.space("g");
            Cookie early = space.reserve(6, BLOCK);
            List<TestIo.Staged> staged = f.stageAll(space, early, 0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("g@s"));
            List<Cookie> drained = f.drain(f.space());
            staged.forEach(s -> f.commit(space, early, s));
            Mapping mapping = new Mapping();
            assertThat(f.allocate(space, early, 4L * BLOCK, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            early.put();
            writeAll(f, "g", 2);
            drained.forEach(Cookie::put);
        }
    }

    /** Writes every block of the first {@link #SMALL} once, in an order of its own, as a client of a full pool does. */
    private static void writeAll(Fixture f, String name, int seed) {
        byte[] data = bytes(seed, SMALL * BLOCK);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < SMALL; i += 3) {
            order.add(i);
        }
        Collections.shuffle(order, new Random(seed));
        BlockSpace space = f.space(name);
        for (int first : order) {
            byte[] part = new byte[3 * BLOCK];
            System.arraycopy(data, first * BLOCK, part, 0, part.length);
            write(space, (long) first * BLOCK, part);
        }
        assertThat(f.io(name).read(0, SMALL * BLOCK)).isEqualTo(data);
    }

    private static void write(BlockSpace space, long offset, byte[] data) {
        try (SpaceIo io = SpaceIo.on(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(data.length);
            memory.copyFrom(MemorySegment.ofArray(data));
            io.write(offset, data.length, memory, 0, false);
        }
    }
}
