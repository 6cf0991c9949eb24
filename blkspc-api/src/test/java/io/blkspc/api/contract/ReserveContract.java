package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** Space is held before anything is dirtied, all or nothing, and running out happens there only (S3). */
public interface ReserveContract extends ContractHost {

    /** A window of 16 blocks. */
    int WINDOW = 16 * BLOCK;

    @Test
    default void reserveHoldsOneWindowForEachCredit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long before = f.status().reservedBytes();
            Cookie cookie = space.reserve(3, WINDOW);
            assertThat(cookie.creditsRemaining()).isEqualTo(3);
            assertThat(cookie.blockSizeBytes()).isEqualTo(WINDOW);
            assertThat(cookie.references()).isEqualTo(1);
            assertThat(f.status().reservedBytes() - before).isEqualTo(3L * WINDOW);
            assertThat(f.pool().info("vol").reservedBytes()).isEqualTo(3L * WINDOW);
            cookie.put();
            assertThat(f.status().reservedBytes()).isEqualTo(before);
        }
    }

    @Test
    default void aWindowSmallerThanABlockHoldsOneBlock() {
        try (Fixture f = fixture()) {
            Cookie cookie = f.space().reserve(5, 512);
            assertThat(f.status().reservedBytes()).isEqualTo(5L * BLOCK);
            cookie.put();
        }
    }

    @Test
    default void reserveOfNoCreditsHoldsNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(0, BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
            assertThat(f.allocate(space, cookie, 0, BLOCK, new Mapping())).isEqualTo(Allocation.NO_CREDIT);
            cookie.put();
        }
    }

    @Test
    default void reserveIsAllOrNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long promised = f.status().promisedBytes();
            int tooMany = (int) (f.available() / BLOCK) + 1;
            assertThatThrownBy(() -> space.reserve(tooMany, BLOCK))
                    .isInstanceOf(BlockSpaceException.class)
                    .hasMessageStartingWith("No space left in pool")
                    .extracting(e -> ((BlockSpaceException) e).code())
                    .isEqualTo(Code.OUT_OF_SPACE);
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
        }
    }

    @Test
    default void hugeReservationsDoNotOverflow() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            assertCode(Code.OUT_OF_SPACE, () -> space.reserve(Integer.MAX_VALUE, 1 << 20));
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void reserveRefusesWhatIsNeverLegal() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            assertThatThrownBy(() -> space.reserve(-1, BLOCK)).isInstanceOf(IllegalArgumentException.class);
            for (int blockSize : new int[] {Integer.MIN_VALUE, -4096, 0, 1, 256, 513, 4095, 12288, 2 << 20}) {
                assertThatThrownBy(() -> space.reserve(1, blockSize))
                        .as("blockSize=" + blockSize)
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void oneCreditPaysForEveryBlockOfItsWindowInAnyNumberOfCalls() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, WINDOW);
            for (int block : new int[] {5, 4, 0, 15, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14}) {
                f.commit(space, cookie, f.stage(space, cookie, WINDOW + (long) block * BLOCK, bytes(block, BLOCK)));
                assertThat(cookie.creditsRemaining()).isZero();
            }
            assertThat(f.status().reservedBytes()).isZero();
            cookie.put();
            assertThat(f.io().read(WINDOW + 15L * BLOCK, BLOCK)).isEqualTo(bytes(15, BLOCK));
        }
    }

    @Test
    default void everyWindowNeedsACreditOfItsOwn() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, WINDOW);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertThat(cookie.creditsRemaining()).isEqualTo(1);
            f.stage(space, cookie, 7L * WINDOW, bytes(1, BLOCK));
            assertThat(cookie.creditsRemaining()).isZero();
            assertThat(f.allocate(space, cookie, 3L * WINDOW, BLOCK, new Mapping()))
                    .isEqualTo(Allocation.NO_CREDIT);
            cookie.put();
        }
    }

    @Test
    default void allocateStopsShortWhereTheCreditEnds() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(3, BLOCK);
            List<Staged> all = f.stageAll(space, cookie, 0, bytes(1, 3 * BLOCK));
            assertThat(all.stream().mapToLong(Staged::length).sum()).isEqualTo(3L * BLOCK);
            Mapping mapping = new Mapping();
            assertThat(f.allocate(space, cookie, 0, 64L * BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            assertThat(mapping.lengthBytes()).isLessThanOrEqualTo(3L * BLOCK);
            assertThat(f.allocate(space, cookie, 3L * BLOCK, BLOCK, mapping)).isEqualTo(Allocation.NO_CREDIT);
            cookie.put();
        }
    }

    @Test
    default void overdrawIsNoCreditAlsoWhenThePoolIsFull() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            List<Cookie> all = f.drain(space);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertThat(f.allocate(space, cookie, BLOCK, BLOCK, new Mapping())).isEqualTo(Allocation.NO_CREDIT);
            cookie.put();
            all.forEach(Cookie::put);
        }
    }

    @Test
    default void reservedAllocationsSucceedWhileAnotherThreadDrainsThePool() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            int credits = 200;
            Cookie cookie = space.reserve(credits, BLOCK);
            FutureTask<List<Cookie>> drained =
                    Fixture.async(() -> f.drain(f.pool().open("vol")));
            for (int i = 0; i < credits; i++) {
                f.commit(space, cookie, f.stage(space, cookie, 3L * i * BLOCK, bytes(i, BLOCK)));
            }
            Fixture.get(drained).forEach(Cookie::put);
            cookie.put();
            for (int i = 0; i < credits; i++) {
                assertThat(f.io().read(3L * i * BLOCK, BLOCK)).isEqualTo(bytes(i, BLOCK));
            }
        }
    }

    @Test
    default void creditIsForAnyOffset() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            f.commit(space, cookie, f.stage(space, cookie, space.sizeBytes() - BLOCK, bytes(1, BLOCK)));
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(2, BLOCK)));
            cookie.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void cookieOfAnotherVolumeIsRefused() {
        try (Fixture f = fixture()) {
            f.pool().create("other", 1 << 20);
            BlockSpace space = f.space();
            Cookie cookie = f.space("other").reserve(1, BLOCK);
            assertThatThrownBy(() -> f.allocate(space, cookie, 0, BLOCK, new Mapping()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(cookie.creditsRemaining()).isEqualTo(1);
            cookie.put();
        }
    }

    @Test
    default void cookieOfAnotherHandleOfTheVolumeIsGood() {
        try (Fixture f = fixture()) {
            BlockSpace maker = f.pool().open("vol");
            Cookie cookie = maker.reserve(1, BLOCK);
            maker.close();
            BlockSpace space = f.space();
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(1, BLOCK)));
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void fullPoolRefusesNewReservationsAndTakesThemAgainAfterPut() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            List<Cookie> all = f.drain(space);
            assertThat(all).isNotEmpty();
            assertCode(Code.OUT_OF_SPACE, () -> space.reserve(1, BLOCK));
            all.removeFirst().put();
            space.reserve(1, BLOCK).put();
            all.forEach(Cookie::put);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }
}
