package io.blkspc.xfsish;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Many threads at once on one subvolume, with snapshots and another client beside them. */
public abstract class SubvolumeConcurrencyContract implements ContractHost {

    private static final int WRITERS = 3;
    private static final int MOVES = Boolean.getBoolean("blkspc.release") ? 20_000 : 400;

    /** A step that is repeated until the writers are done. */
    @FunctionalInterface
    interface Counted {
        void run(int number);
    }

    @Test
    public void transactionsStayWholeBesideSnapshotsSyncsAndAFullPool() {
        long seed = Seeds.next();
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Subvolume subvolume = Subvolume.open(space, new SubvolumeConfig(24, 8));
            SubvolumeLoad load = new SubvolumeLoad(subvolume);
            load.open();
            AtomicInteger writing = new AtomicInteger(WRITERS);
            List<FutureTask<Object>> tasks = new ArrayList<>();
            AtomicInteger moved = new AtomicInteger();
            for (int writer = 0; writer < WRITERS; writer++) {
                SplittableRandom random = new SplittableRandom(seed + writer);
                tasks.add(Fixture.async(() -> {
                    try {
                        for (int i = 0; i < MOVES; i++) {
                            moved.addAndGet(load.move(random) ? 1 : 0);
                        }
                        return null;
                    } finally {
                        writing.decrementAndGet();
                    }
                }));
            }
            tasks.add(until(writing, number -> snapshot(f, subvolume, number)));
            tasks.add(until(writing, _ -> subvolume.sync()));
            SplittableRandom filling = new SplittableRandom(seed - 1);
            tasks.add(until(writing, _ -> fill(f, space, filling)));
            tasks.forEach(Fixture::get);
            subvolume.sync();
            SubvolumeLoad.check(f.io(), true);
            assertThat(moved.get()).isPositive();
            assertThat(f.status().reservedBytes()).isZero();
            subvolume.close();
        }
    }

    @Test
    public void aShutdownBesideEverythingLeavesNoReservation() {
        long seed = Seeds.next();
        for (int round = 0; round < 10; round++) {
            try (Fixture f = fixture()) {
                Subvolume subvolume = Subvolume.open(f.space(), new SubvolumeConfig(24, 8));
                SubvolumeLoad load = new SubvolumeLoad(subvolume);
                load.open();
                SplittableRandom random = new SplittableRandom(seed + round);
                List<FutureTask<Object>> tasks = new ArrayList<>();
                for (int writer = 0; writer < WRITERS; writer++) {
                    SplittableRandom own = random.split();
                    tasks.add(untilShutDown(() -> load.move(own)));
                }
                tasks.add(untilShutDown(subvolume::sync));
                for (int i = random.nextInt(40); i > 0; i--) {
                    subvolume.writeBack();
                }
                subvolume.shutDown();
                tasks.forEach(Fixture::get);
                assertThat(f.status().reservedBytes()).isZero();
                SubvolumeLoad.check(f.io(), false);
            }
        }
    }

    private static FutureTask<Object> until(AtomicInteger writing, Counted step) {
        return Fixture.async(() -> {
            for (int number = 0; writing.get() > 0; number++) {
                step.run(number);
            }
            return null;
        });
    }

    private static FutureTask<Object> untilShutDown(Runnable step) {
        return Fixture.async(() -> {
            while (true) {
                try {
                    step.run();
                } catch (BlockSpaceException e) {
                    assertThat(e.code()).isIn(Code.CLOSED, Code.CANCELLED);
                    return null;
                }
            }
        });
    }

    /** Every second one of a frozen subvolume; the others at any moment between allocate and commit. */
    private static void snapshot(Fixture f, Subvolume subvolume, int number) {
        String name = "vol@s" + number;
        try {
            if (number % 2 == 0) {
                try (Freeze _ = subvolume.freeze()) {
                    f.pool().snapshot(List.of(name));
                }
            } else {
                f.pool().snapshot(List.of(name));
            }
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE); // the pool is full just now
            return;
        }
        try (BlockSpace snapshot = f.pool().open(name)) {
            SubvolumeLoad.check(new TestIo(snapshot), number % 2 == 0);
        }
        f.pool().destroy(List.of(name), false);
        f.pool().awaitReclaim();
    }

    private static void fill(Fixture f, BlockSpace space, SplittableRandom random) {
        List<Cookie> all = f.drain(space);
        for (int i = random.nextInt(200); i > 0; i--) {
            Thread.onSpinWait();
        }
        all.forEach(Cookie::put);
    }
}
