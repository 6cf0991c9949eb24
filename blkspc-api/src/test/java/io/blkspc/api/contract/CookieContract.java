package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** References, cancel, and the last put (S11). */
public interface CookieContract extends ContractHost {

    @Test
    default void getAddsAReferenceAndPutTakesItBack() {
        try (Fixture f = fixture()) {
            Cookie cookie = f.space().reserve(1, BLOCK);
            assertThat(cookie.get()).isSameAs(cookie);
            assertThat(cookie.references()).isEqualTo(2);
            cookie.put();
            assertThat(f.status().reservedBytes()).isEqualTo(BLOCK);
            cookie.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void cookieNeverComesBackAfterItsLastPut() {
        try (Fixture f = fixture()) {
            Cookie cookie = f.space().reserve(1, BLOCK);
            cookie.put();
            assertThat(cookie.get()).isNull();
            assertThat(cookie.references()).isZero();
        }
    }

    @Test
    default void putWithoutAReferenceIsRefusedAndReturnsNothingTwice() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie other = space.reserve(1, BLOCK);
            Cookie cookie = space.reserve(1, BLOCK);
            cookie.put();
            assertThatThrownBy(cookie::put).isInstanceOf(IllegalStateException.class);
            assertThat(f.status().reservedBytes()).isEqualTo(BLOCK);
            other.put();
        }
    }

    @Test
    default void cancelledCookieGivesNoReferenceAndAllocatesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            cookie.cancel();
            cookie.cancel();
            assertThat(cookie.isCancelled()).isTrue();
            assertThat(cookie.get()).isNull();
            assertCode(Code.CANCELLED, () -> f.allocate(space, cookie, 0, BLOCK, new Mapping()));
            assertThat(f.status().allocatedBytes()).isZero();
            cookie.put();
        }
    }

    @Test
    default void cancelMovesNoSpaceAndIsNotAPut() {
        try (Fixture f = fixture()) {
            Cookie cookie = f.space().reserve(3, BLOCK);
            cookie.get();
            cookie.cancel();
            assertThat(cookie.references()).isEqualTo(2);
            assertThat(f.status().reservedBytes()).isEqualTo(3L * BLOCK);
            cookie.put();
            assertThat(f.status().reservedBytes()).isEqualTo(3L * BLOCK);
            cookie.put();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void cancelledCookieStillCommits() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            cookie.cancel();
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void lastPutReturnsStagesAndCreditOnce() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(4, BLOCK);
            f.commit(space, cookie, f.stage(space, cookie, 0, bytes(1, BLOCK)));
            f.stage(space, cookie, 9L * BLOCK, bytes(2, BLOCK));
            cookie.get();
            cookie.put();
            assertThat(f.status().allocatedBytes()).isEqualTo(2L * BLOCK);
            assertThat(f.status().reservedBytes()).isEqualTo(2L * BLOCK);
            cookie.put();
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
            assertThat(f.io().read(9L * BLOCK, BLOCK)).containsOnly(0);
            space.awaitUnstaged(9L * BLOCK, 0);
        }
    }

    @Test
    default void lastPutOfACancelledCookieReturnsTheSame() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(4, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            cookie.cancel();
            cookie.put();
            assertThat(f.status().allocatedBytes()).isZero();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void concurrentPutsReturnTheCreditExactlyOnce() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie other = space.reserve(7, BLOCK);
            int threads = 4;
            for (int round = 0; round < 100; round++) {
                Cookie cookie = space.reserve(3, BLOCK);
                for (int i = 1; i < threads; i++) {
                    cookie.get();
                }
                List<FutureTask<Void>> puts = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    puts.add(Fixture.async(() -> {
                        cookie.put();
                        return null;
                    }));
                }
                puts.forEach(Fixture::get);
                assertThat(f.status().reservedBytes()).isEqualTo(7L * BLOCK);
            }
            other.put();
        }
    }

    @Test
    default void getRacingWithTheLastPutEitherHoldsTheCreditOrGetsNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            for (int round = 0; round < 200; round++) {
                Cookie cookie = space.reserve(1, BLOCK);
                FutureTask<Cookie> get = Fixture.async(cookie::get);
                cookie.put();
                Cookie second = Fixture.get(get);
                assertThat(f.status().reservedBytes()).isEqualTo(second == null ? 0 : BLOCK);
                if (second != null) {
                    second.put();
                }
            }
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void putAfterTheVolumeIsGoneReturnsTheSpace() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.pool().open("vol");
            Cookie cookie = space.reserve(4, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            f.pool().destroy(List.of("vol"), true);
            assertCode(Code.CLOSED, () -> f.commit(space, cookie, staged));
            cookie.put();
            f.pool().awaitReclaim();
            assertThat(f.status().allocatedBytes()).isZero();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void putAfterThePoolIsClosedIsHarmless() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(4, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            f.reopen();
            cookie.put();
            assertThat(f.status().allocatedBytes()).isZero();
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void cookiesHaveDifferentIds() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie one = space.reserve(0, BLOCK);
            Cookie two = space.reserve(0, BLOCK);
            assertThat(one.id()).isNotEqualTo(two.id());
            one.put();
            two.put();
        }
    }
}
