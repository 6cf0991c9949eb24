package io.blkspc.host;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.JobInfo;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.ReservationInfo;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolView;
import io.blkspc.host.core.RepairReport;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open pool with its lock and, where it may be changed, the one thread that does its background work. A pool that is open
 * for reading only has no such work.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // top of a thread
final class RunningPool implements Pool {

    private static final Logger log = LoggerFactory.getLogger(RunningPool.class);
    /** From the beginning of one round to that of the next, so that a commit seldom waits for the mark (R1). */
    private static final long ROUND_NANOS = 100_000_000L;

    private final Pool pool;
    private final HostPool worked; // the same, or null when it is only read
    private final Checking checking;
    private final PoolLock lock;
    private volatile boolean stopping;
    private final Thread thread;
    private boolean closed; // guarded by this

    /** How the metadata of a pool is checked. */
    @FunctionalInterface
    interface Checking {
        /** Checks all metadata within this much memory. */
        SpaceCheck ofMetadata(boolean isDeep, long memoryBytes);
    }

    RunningPool(HostPool pool, PoolLock lock) {
        this(pool, pool, (isDeep, bytes) -> pool.inspect(bytes, isDeep, SpaceCheck::ofMetadata), lock);
    }

    /** A pool that is open for reading only. */
    RunningPool(PoolView pool, Checking checking, PoolLock lock) {
        this(pool, null, checking, lock);
    }

    private RunningPool(Pool pool, HostPool worked, Checking checking, PoolLock lock) {
        this.pool = pool;
        this.worked = worked;
        this.checking = checking;
        this.lock = lock;
        this.thread = new Thread(this::work, "blkspc-background");
        this.thread.setDaemon(true);
    }

    RunningPool start() {
        if (worked != null) {
            worked.onBackgroundNeeded(() -> LockSupport.unpark(thread));
            thread.start();
        }
        return this;
    }

    private void work() {
        try {
            while (!stopping) {
                long begin = System.nanoTime();
                if (!worked.backgroundRound()) {
                    LockSupport.parkNanos(
                            this, ROUND_NANOS - (System.nanoTime() - begin)); // not at all when it is over
                    Thread.interrupted(); // nobody may; a flag left set would make every park return at once
                }
            }
        } catch (RuntimeException | Error e) {
            worked.fail(e); // a dead background thread would let the journal fill up in silence
            log.error("background work ended", e);
        }
    }

    /**
     * Checks the metadata from one consistent point, beside the clients; then, for a deep check, reads the data that was held at
     * that point, while nothing waits for it.
     */
    CheckReport check(boolean isDeep) {
        SpaceCheck check = checking.ofMetadata(isDeep, Runtime.getRuntime().maxMemory() / 2);
        return isDeep ? check.withData(this::refuseWhenStopping) : check.report();
    }

    private void refuseWhenStopping() {
        if (stopping) {
            throw new BlockSpaceException(Code.BUSY, "check was ended: the pool is being closed");
        }
    }

    /** Writes what the pool contains at one moment into a stream. */
    RepairReport dump(OutputStream to, long dumpId, Consumer<String> progress) {
        if (worked == null) {
            throw new BlockSpaceException(Code.READ_ONLY, "a pool that is open for reading only cannot be dumped");
        }
        return worked.dump(to, dumpId, progress);
    }

    /** Ends dumps that are written; none begins any more. */
    void endDumps() {
        if (worked != null) {
            worked.endDumps();
        }
    }

    /** Tells other processes that this one serves now. */
    void serving(String socketPath) {
        lock.update(PoolLock.Mode.SERVING, socketPath);
    }

    @Override
    public PoolStatus status() {
        return pool.status();
    }

    @Override
    public List<VolumeInfo> list() {
        return pool.list();
    }

    @Override
    public VolumeInfo info(String name) {
        return pool.info(name);
    }

    @Override
    public VolumeInfo create(String name, long sizeBytes, Quota quota) {
        return pool.create(name, sizeBytes, quota);
    }

    @Override
    public List<VolumeInfo> snapshot(List<String> names) {
        return pool.snapshot(names);
    }

    @Override
    public List<VolumeInfo> clone(String source, List<String> targets, Quota quota) {
        return pool.clone(source, targets, quota);
    }

    @Override
    public Changes changedSince(String name, String since, long fromBytes) {
        return pool.changedSince(name, since, fromBytes);
    }

    @Override
    public Changes changedSince(Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        return pool.changedSince(comparison, fromBytes, toBytes, maxRanges);
    }

    @Override
    public VolumeInfo rename(String from, String to) {
        return pool.rename(from, to);
    }

    @Override
    public VolumeInfo rollback(String snapshot, String keepAs) {
        return pool.rollback(snapshot, keepAs);
    }

    @Override
    public VolumeInfo resize(String name, long sizeBytes, boolean shrinks) {
        return pool.resize(name, sizeBytes, shrinks);
    }

    @Override
    public VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks) {
        return pool.resizeBy(name, differenceBytes, shrinks);
    }

    @Override
    public VolumeInfo hold(String tag, String snapshot) {
        return pool.hold(tag, snapshot);
    }

    @Override
    public VolumeInfo release(String tag, String snapshot) {
        return pool.release(tag, snapshot);
    }

    @Override
    public long bytesFreedBy(List<String> names) {
        return pool.bytesFreedBy(names);
    }

    @Override
    public void destroy(List<String> names, boolean force) {
        pool.destroy(names, force);
    }

    @Override
    public void awaitReclaim() {
        pool.awaitReclaim();
    }

    @Override
    public List<PoolEvent> events(long after) {
        return pool.events(after);
    }

    @Override
    public List<JobInfo> jobs() {
        return pool.jobs();
    }

    @Override
    public void awaitJob(long id) {
        pool.awaitJob(id);
    }

    @Override
    public BlockSpace open(String name) {
        return pool.open(name);
    }

    @Override
    public List<ReservationInfo> reservations() {
        return pool.reservations();
    }

    @Override
    public PoolStatus grow(long dataBytes) {
        return pool.grow(dataBytes);
    }

    @Override
    public void flush() {
        pool.flush();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopping = true;
        endDumps(); // while the background still gives room
        if (worked != null) {
            worked.hurry();
        }
        LockSupport.unpark(thread);
        joinUninterruptibly();
        try {
            pool.close();
        } finally {
            lock.close();
        }
    }

    private void joinUninterruptibly() {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // closing goes on: an interrupt must not leave the pool half closed
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
