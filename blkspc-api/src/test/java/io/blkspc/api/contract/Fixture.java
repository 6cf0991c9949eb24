package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One pool with the volume {@code vol}, and the few things every contract does with it. */
public final class Fixture implements AutoCloseable {

    /** One block, in bytes. */
    public static final int BLOCK = Geometry.BLOCK_BYTES;

    /** The volume every fixture starts with. */
    public static final String VOLUME = "vol";

    private static final long HANG_SECONDS = 60;

    private final ContractHost host;
    private final List<BlockSpace> spaces = new ArrayList<>();
    private Pool pool;

    Fixture(ContractHost host, long dataBytes) {
        this.host = host;
        this.pool = host.newPool(dataBytes);
        pool.create(VOLUME, dataBytes / 2);
    }

    /** A batch of ranges of at most 1 MiB. */
    public static CommitBatch batch(long offset, byte[] bytes) {
        CommitBatch batch = new CommitBatch();
        TestIo.addRanges(batch, offset, bytes);
        return batch;
    }

    public Pool pool() {
        return pool;
    }

    public PoolStatus status() {
        return pool.status();
    }

    /** A new handle of {@code vol}. */
    public BlockSpace space() {
        return space(VOLUME);
    }

    /** A new handle, closed with the fixture. */
    public BlockSpace space(String name) {
        BlockSpace space = pool.open(name);
        spaces.add(space);
        return space;
    }

    /** A client of a new handle of {@code vol}. */
    public TestIo io() {
        return io(VOLUME);
    }

    /** A client of a new handle. */
    public TestIo io(String name) {
        return new TestIo(space(name));
    }

    /** Gives every handle back, so that nothing counts as open. */
    public void closeSpaces() {
        spaces.forEach(BlockSpace::close);
        spaces.clear();
    }

    /** Closes the pool and opens it again. */
    public void reopen() {
        closeSpaces();
        pool = host.reopen(pool);
    }

    /** Kills the process that has the pool, as far as it can tell, and opens it again. */
    public void kill() {
        spaces.clear();
        pool = host.kill(pool);
    }

    /** Bytes that reserve could still promise. */
    public long available() {
        PoolStatus status = status();
        return status.freeBytes() - status.promisedBytes();
    }

    /** Reserves until nothing more can be reserved. */
    public List<Cookie> drain(BlockSpace space) {
        List<Cookie> cookies = new ArrayList<>();
        for (int count = 1 << 20; count > 0; ) {
            try {
                cookies.add(space.reserve(count, BLOCK));
            } catch (BlockSpaceException e) {
                assertThat(e.code()).isEqualTo(BlockSpaceException.Code.OUT_OF_SPACE);
                count /= 2;
            }
        }
        return cookies;
    }

    /** Allocates at {@code offset} and writes {@code bytes} there without committing, as far as one answer goes. */
    public Staged stage(BlockSpace space, Cookie cookie, long offset, byte[] bytes) {
        return new TestIo(space).stage(cookie, offset, bytes);
    }

    /** Stages all of {@code bytes}, in as many answers as it takes. */
    public List<Staged> stageAll(BlockSpace space, Cookie cookie, long offset, byte[] bytes) {
        return new TestIo(space).stageAll(cookie, offset, bytes);
    }

    /** Commits what {@link #stage} staged; nothing to do when it was written in place. */
    public void commit(BlockSpace space, Cookie cookie, Staged staged) {
        new TestIo(space).commit(cookie, staged);
    }

    /** The answer of one allocate in a lease of its own. */
    public Allocation allocate(BlockSpace space, Cookie cookie, long offset, long count, Mapping mapping) {
        try (Lease _ = space.writeLease()) {
            return space.allocate(cookie, offset, count, mapping);
        }
    }

    /** The read mapping at an offset; its device address is good for nothing, the lease has ended. */
    public Mapping map(BlockSpace space, long offset, long count) {
        Mapping mapping = new Mapping();
        try (Lease _ = space.readLease()) {
            space.map(offset, count, mapping);
        }
        return mapping;
    }

    /** Bytes that repeat from the same seed. */
    public static byte[] bytes(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Runs a call on a thread of its own. */
    public static <T> FutureTask<T> async(Callable<T> call) {
        FutureTask<T> task = new FutureTask<>(call);
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    /** The result of {@link #async}; fails when it hangs. */
    public static <T> T get(FutureTask<T> task) {
        try {
            return task.get(HANG_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("call did not end", e);
        }
    }

    /** Asserts that a call waits; a call that should wait can never make this fail. */
    public static void assertWaits(FutureTask<?> task) {
        try {
            task.get(50, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return;
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError("call failed instead of waiting", e);
        }
        throw new AssertionError("call returned instead of waiting");
    }

    /** Asserts the code a call fails with. */
    public static void assertCode(BlockSpaceException.Code code, Runnable call) {
        assertThat(TestIo.codeOf(call)).isEqualTo(code);
    }

    /** Asserts the codes every contract ends with: invariants, and I1 as far as it can be seen from outside. */
    @Override
    public void close() {
        try {
            PoolStatus status = status();
            assertThat(status.promisedBytes()).isLessThanOrEqualTo(status.freeBytes());
            host.assertConsistent(pool);
            closeSpaces();
        } finally {
            pool.close();
        }
    }
}
