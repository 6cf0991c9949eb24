package io.blkspc.cli;

import io.blkspc.api.Pool;
import io.blkspc.cli.action.CheckResult;
import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.action.RestoreResult;
import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolLock;
import io.blkspc.host.PoolSpec;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.RestoreReport;
import io.blkspc.host.device.CacheMode;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** The real host. */
public final class HostAccess implements PoolAccess {

    /** Nothing is opened yet. */
    public HostAccess() {}

    @Override
    public Optional<Holder> holder(Path directory) {
        return PoolLock.holder(directory)
                .map(holder -> new Holder(
                        holder.pid(),
                        switch (holder.mode()) {
                            case STARTING -> Mode.STARTING;
                            case SERVING -> Mode.SERVING;
                            case OFFLINE -> Mode.OFFLINE;
                        },
                        holder.socket()));
    }

    @Override
    public OpenPool open(Path directory, OpenRequest request) {
        HostConfig defaults =
                request.mode() == Mode.OFFLINE ? HostConfig.offline() : HostConfig.serving(request.controlSocket());
        HostConfig config = defaults.with(request.direct() ? CacheMode.DIRECT : CacheMode.WRITEBACK)
                .with(request.progress());
        Pool pool = request.readOnly()
                ? BlockSpaceHost.openReadOnly(directory, config)
                : BlockSpaceHost.open(directory, config);
        return new OpenPool() {
            @Override
            public Pool pool() {
                return pool;
            }

            @Override
            public void serving(String controlSocket) {
                BlockSpaceHost.announceServing(pool, controlSocket);
            }

            @Override
            public CheckResult check(boolean isDeep) {
                return resultOf(BlockSpaceHost.check(pool, isDeep));
            }

            @Override
            public DumpResult dump(OutputStream to) {
                return resultOf(BlockSpaceHost.dump(pool, to, words -> {}));
            }

            @Override
            public void endDumps() {
                BlockSpaceHost.endDumps(pool);
            }
        };
    }

    @Override
    public void create(Path directory, NewPool pool) {
        BlockSpaceHost.create(
                directory,
                new PoolSpec(
                        pool.sizeBytes(), pool.data(), pool.metadataBytes(), pool.force(), pool.allowUnreserved()));
    }

    @Override
    public CheckResult check(Path directory, boolean isDeep) {
        return resultOf(BlockSpaceHost.check(directory, isDeep));
    }

    @Override
    public RepairResult repair(
            Path damaged, Path repaired, Path data, boolean force, boolean allowUnreserved, Consumer<String> progress) {
        RepairReport report = BlockSpaceHost.repair(damaged, repaired, data, force, allowUnreserved, progress);
        return new RepairResult(
                report.losses().stream()
                        .map(loss -> new RepairResult.Lost(
                                loss.volume(), loss.offsetBytes(), loss.lengthBytes(), loss.reason()))
                        .toList(),
                report.volumes(),
                report.snapshots(),
                report.copiedBytes());
    }

    @Override
    public DumpResult dump(Path directory, OutputStream to, Consumer<String> progress) {
        return resultOf(BlockSpaceHost.dump(directory, to, progress));
    }

    @Override
    public RestoreResult restore(
            InputStream from,
            Path directory,
            Path data,
            boolean force,
            boolean allowUnreserved,
            Consumer<String> progress) {
        RestoreReport report = BlockSpaceHost.restore(from, directory, data, force, allowUnreserved, progress);
        return new RestoreResult(resultOf(report.made()), report.isChecked());
    }

    private static DumpResult resultOf(RepairReport report) {
        return new DumpResult(report.volumes(), report.snapshots(), report.copiedBytes());
    }

    private static CheckResult resultOf(CheckReport report) {
        return new CheckResult(
                report.findings().stream().map(CheckReport.Finding::toString).toList(),
                report.versions(),
                report.nodes(),
                report.extents(),
                report.allocatedBlocks(),
                report.readBlocks(),
                report.cleanStop());
    }
}
