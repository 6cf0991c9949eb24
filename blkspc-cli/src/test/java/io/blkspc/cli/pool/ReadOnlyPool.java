package io.blkspc.cli.pool;

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
import java.util.List;

/** The model as it looks when it is opened for reading only: as the engine's own view of a pool. */
final class ReadOnlyPool implements Pool {

    private final Pool pool;

    ReadOnlyPool(Pool pool) {
        this.pool = pool;
    }

    static BlockSpaceException refusal() {
        return new BlockSpaceException(Code.READ_ONLY, "the pool is open read-only");
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
        throw refusal();
    }

    @Override
    public List<VolumeInfo> snapshot(List<String> names) {
        throw refusal();
    }

    @Override
    public List<VolumeInfo> clone(String source, List<String> targets, Quota quota) {
        throw refusal();
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
        throw refusal();
    }

    @Override
    public VolumeInfo resize(String name, long sizeBytes, boolean shrinks) {
        throw refusal();
    }

    @Override
    public VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks) {
        throw refusal();
    }

    @Override
    public VolumeInfo hold(String tag, String snapshot) {
        throw refusal();
    }

    @Override
    public VolumeInfo release(String tag, String snapshot) {
        throw refusal();
    }

    @Override
    public PoolStatus grow(long dataBytes) {
        throw refusal();
    }

    @Override
    public VolumeInfo rollback(String snapshot, String keepAs) {
        throw refusal();
    }

    @Override
    public long bytesFreedBy(List<String> names) {
        return pool.bytesFreedBy(names);
    }

    @Override
    public void destroy(List<String> names, boolean force) {
        throw refusal();
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
        return new ReadOnlySpace(pool.open(name));
    }

    @Override
    public List<ReservationInfo> reservations() {
        return pool.reservations();
    }

    @Override
    public void flush() {
        pool.flush();
    }

    @Override
    public void close() {
        pool.close();
    }
}
