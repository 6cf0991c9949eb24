package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Contract D18: the stack of the calling thread ends anywhere in a request, really. From as deep as one gets a request is made,
 * and again from less and less deep, until there is room for it.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what is thrown is the point
class StackOverflowTest {

    private static final long STACK_BYTES = 512 << 10;
    private static final int ENOUGH = 20;
    private static final long BLOCK = Geometry.BLOCK_BYTES;
    private static final byte[] BYTES = new byte[(int) (4 * BLOCK)];

    /** What is asked of a pool. */
    enum Request {
        SNAPSHOT,
        CLONE,
        DISCARD,
        UNWRITE,
        ROLLBACK,
        DESTROY,
        CHECKPOINT,
        FLUSH,
        BACKGROUND;

        private void on(HostPool pool, BlockSpace space) {
            switch (this) {
                case SNAPSHOT -> pool.snapshot(List.of("v@x"));
                case CLONE -> pool.clone("v", List.of("c"), Quota.guarantee(Quota.FULL));
                case DISCARD -> space.discard(0, space.sizeBytes());
                case UNWRITE -> space.zero(0, space.sizeBytes(), true);
                case ROLLBACK -> pool.rollback("w@s", null);
                case DESTROY -> pool.destroy(List.of("w", "w@s"), false);
                case CHECKPOINT -> pool.checkpoint();
                case FLUSH -> space.flush();
                case BACKGROUND -> pool.backgroundRound();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void requestIsWholeOrEndsWriting(Request request) throws Exception {
        FutureTask<Integer> sweep = new FutureTask<>(() -> sweep(request));
        Thread thread = new Thread(null, sweep, "shallow", STACK_BYTES);
        thread.start();
        assertThat(sweep.get()).as("requests that ran out of stack").isPositive();
    }

    private static int sweep(Request request) {
        for (int i = 0; i < 300; i++) {
            overflows(1 << 20, () -> {}); // until it is compiled: then its frames are small, and stay as they are
        }
        one(request, 0);
        int frames = deepest();
        while (!one(request, frames)) {
            frames = deepest(); // its frames were compiled meanwhile, and are smaller now
        }
        int overflows = 1;
        for (int done = 0; done < ENOUGH; frames--) {
            if (one(request, frames)) {
                overflows++;
            } else {
                done++;
            }
        }
        return overflows;
    }

    private static int deepest() {
        int low = 0;
        int high = 1 << 20;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (overflows(middle, () -> {})) {
                high = middle - 1;
            } else {
                low = middle;
            }
        }
        return low;
    }

    private static boolean overflows(int frames, Runnable work) {
        try {
            dive(frames, work);
            return false;
        } catch (StackOverflowError e) {
            return true;
        }
    }

    @SuppressWarnings("InfiniteRecursion")
    private static void dive(int frames, Runnable work) {
        if (frames == 0) {
            work.run();
        } else {
            dive(frames - 1, work);
        }
    }

    /** Returns whether there was too little stack. */
    private static boolean one(Request request, int frames) {
        InertScheduler scheduler = new InertScheduler();
        SimDisk disk = new SimDisk(scheduler, 1);
        SimPool.create(disk, scheduler, SimPool.geometry(1 << 20, 400, 64 << 10), 1);
        HostPool pool = SimPool.on(disk, scheduler, 1).cacheBytes(1).open();
        for (String name : List.of("v", "w")) {
            pool.create(name, 60 * BLOCK, Quota.guarantee(20 * BLOCK));
            try (BlockSpace space = pool.open(name)) {
                new TestIo(space).write(0, BYTES);
            }
        }
        pool.snapshot(List.of("w@s"));
        boolean overflowed;
        try (BlockSpace space = pool.open("v")) {
            overflowed = overflows(frames, () -> request.on(pool, space));
        }
        HostPool recovered =
                SimPool.on(disk.killImage().use(scheduler), scheduler, 2).open();
        if (pool.failure() == null) {
            assertThat(recovered.list()).as("frames=%d", frames).isEqualTo(pool.list());
            pool.awaitReclaim();
            EngineFacts.requireExact(pool);
        }
        recovered.awaitReclaim();
        EngineFacts.requireExact(recovered);
        return overflowed;
    }
}
