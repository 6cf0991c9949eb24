package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.PoolEvent.Kind;
import io.blkspc.api.Quota;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a space says it would grant is what it grants, to the credit, and asking changes nothing. */
public interface ReservableContract extends ContractHost {

    /** Asserts that exactly what is said to be reservable is: of every kind of window, alone and with single blocks beside. */
    static void check(BlockSpace space) {
        for (int blockSize = 512; blockSize <= 1 << 20; blockSize *= 2) {
            checkAlone(space, blockSize);
        }
        int singles = space.reservable(BLOCK);
        for (int inAll : new int[] {1, 7, singles / 3, singles - 1, singles}) {
            checkBeside(space, 4 * BLOCK, Math.max(0, inAll));
            checkBeside(space, 1 << 20, Math.max(0, inAll));
        }
        assertThat(space.reservable(1 << 20, singles + 1)).isZero(); // of a volume that is not guaranteed in full
        assertThat(space.reservable(BLOCK)).as("nothing was kept").isEqualTo(singles);
    }

    /** As {@link #check}, for two questions: often, in histories. */
    static void checkShortly(BlockSpace space) {
        space.flush(); // a reservation that finds too little waits for a persist point and what that gives
        checkAlone(space, BLOCK);
        checkBeside(space, 1 << 20, space.reservable(BLOCK) / 3);
    }

    private static void checkAlone(BlockSpace space, int blockSize) {
        int most = space.reservable(blockSize);
        if (most == Integer.MAX_VALUE) { // guaranteed in full: credits cost nothing
            space.reserve(most, blockSize).put();
            return;
        }
        assertCode(Code.OUT_OF_SPACE, () -> space.reserve(most + 1, blockSize));
        Cookie all = space.reserve(most, blockSize);
        assertThat(space.reservable(blockSize)).as("all was taken").isZero();
        all.put();
    }

    private static void checkBeside(BlockSpace space, int blockSize, int inAll) {
        int wide = space.reservable(blockSize, inAll);
        if (wide == Integer.MAX_VALUE) {
            return;
        }
        Cookie windows = space.reserve(wide, blockSize);
        Cookie singles = space.reserve(Math.max(0, inAll - wide), BLOCK);
        windows.put();
        singles.put();
        assertCode(Code.OUT_OF_SPACE, () -> {
            Cookie more = space.reserve(wide + 1, blockSize);
            try {
                space.reserve(Math.max(0, inAll - wide - 1), BLOCK).put();
            } finally {
                more.put();
            }
        });
    }

    @Test
    default void whatIsReservableIsReservedAndNotOneMore() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            check(space);
            f.io().write(0, bytes(1, 40 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(8L * BLOCK, bytes(2, 8 * BLOCK));
            Cookie held = space.reserve(11, 4 * BLOCK);
            f.stageAll(space, held, 64L * BLOCK, bytes(3, 3 * BLOCK));
            check(space);
            held.put();
            check(space);
        }
    }

    @Test
    default void whatIsReservableDrawsOnTheGuaranteeFirst() {
        try (Fixture f = fixture()) {
            f.pool().create("g", 64L * BLOCK, Quota.guarantee(40L * BLOCK));
            BlockSpace space = f.space("g");
            check(space);
            List<Cookie> drained = f.drain(f.space());
            assertThat(space.reservable(BLOCK)).isEqualTo(40);
            assertThat(f.space().reservable(BLOCK)).isZero();
            check(space);
            Cookie some = space.reserve(10, BLOCK);
            f.stageAll(space, some, 0, bytes(1, 6 * BLOCK)).forEach(s -> f.commit(space, some, s));
            assertThat(space.reservable(BLOCK)).isEqualTo(30);
            check(space);
            some.put();
            assertThat(space.reservable(BLOCK)).isEqualTo(34);
            drained.forEach(Cookie::put);
        }
    }

    @Test
    default void whatIsReservableStaysInTheLimit() {
        try (Fixture f = fixture()) {
            f.pool().create("l", 64L * BLOCK, Quota.limit(20L * BLOCK));
            BlockSpace space = f.space("l");
            assertThat(space.reservable(BLOCK)).isEqualTo(20);
            assertThat(space.reservable(1 << 20)).isZero();
            Cookie held = space.reserve(5, BLOCK);
            f.stageAll(space, held, 0, bytes(1, 2 * BLOCK)).forEach(s -> f.commit(space, held, s));
            assertThat(space.reservable(BLOCK)).isEqualTo(15);
            check(space);
            held.put();
            assertThat(space.reservable(BLOCK)).isEqualTo(18);
        }
    }

    @Test
    default void askingIsNoReservationNoRefusalAndNoShortage() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie most = space.reserve(space.reservable(BLOCK) - 3, BLOCK);
            int events = f.pool().events(0).size();
            long promised = f.status().promisedBytes();
            long number = f.pool().events(0).getLast().number();
            for (int i = 0; i < 100; i++) {
                assertThat(space.reservable(BLOCK)).isEqualTo(3);
                assertThat(space.reservable(1 << 20, 1 << i % 30)).isZero();
            }
            assertThat(f.status().promisedBytes()).isEqualTo(promised);
            assertThat(f.pool().events(0)).hasSize(events);
            assertThat(f.pool().events(number)).noneMatch(event -> event.kind() == Kind.SHORTAGE);
            most.put();
        }
    }

    @Test
    default void aClientThatTakesWhatIsReservableIsNeverRefusedByOneThatOnlyAsks() throws InterruptedException {
        try (Fixture f = fixture()) {
            BlockSpace asked = f.pool().open("vol");
            Thread asking = Thread.ofPlatform().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    asked.reservable(1 << 20, 100);
                }
            });
            BlockSpace space = f.space();
            try {
                for (int i = 0; i < 300; i++) {
                    int blockSize = BLOCK << i % 5;
                    space.reserve(space.reservable(blockSize), blockSize).put();
                }
            } finally {
                asking.interrupt();
                asking.join();
                asked.close();
            }
        }
    }

    @Test
    default void whatIsReservableIsRightInEveryState() {
        long seed = Seeds.next();
        SplittableRandom random = new SplittableRandom(seed);
        try (Fixture f = fixture()) {
            f.pool().create("g", 1L << 20, new Quota(30L * BLOCK, 90L * BLOCK));
            for (int i = 0; i < 40; i++) {
                String name = random.nextBoolean() ? "vol" : "g";
                f.io(name).write(random.nextLong(200) * BLOCK, bytes(i, (1 + random.nextInt(3)) * BLOCK));
                if (random.nextInt(4) == 0) {
                    f.pool().snapshot(List.of(name + "@s" + i));
                }
                if (random.nextInt(4) == 0) {
                    f.space(name).discard(random.nextLong(200) * BLOCK, 4L * BLOCK);
                }
                f.pool().awaitReclaim();
                check(f.space("vol"));
                check(f.space("g"));
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed=" + seed, e);
        }
    }

    @Test
    default void whatIsNeverLegalIsRefusedWhenAskedToo() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            assertThatThrownBy(() -> space.reservable(BLOCK, -1)).isInstanceOf(IllegalArgumentException.class);
            for (int blockSize : new int[] {-4096, 0, 256, 4095, 2 << 20}) {
                assertThatThrownBy(() -> space.reservable(blockSize)).isInstanceOf(IllegalArgumentException.class);
            }
            space.close();
            assertCode(Code.CLOSED, () -> space.reservable(BLOCK));
        }
    }
}
