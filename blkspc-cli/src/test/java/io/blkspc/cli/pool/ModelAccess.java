package io.blkspc.cli.pool;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.api.model.ModelPool;
import io.blkspc.cli.action.CheckResult;
import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.action.RestoreResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Pools in memory that outlive the commands of a test, as pools on disk do. */
public final class ModelAccess implements PoolAccess {

    private final Map<Path, ModelPool> pools = new ConcurrentHashMap<>();
    private final Map<Path, Holder> holders = new ConcurrentHashMap<>();
    private volatile BlockSpaceException openFailure;
    private volatile boolean isMemoryShort;
    private volatile List<RepairResult.Lost> losses = List.of();
    private volatile CheckResult damage = new CheckResult(List.of(), 2, 3, 4, 5, 0, true);

    @Override
    public Optional<Holder> holder(Path directory) {
        return Optional.ofNullable(holders.get(directory));
    }

    @Override
    public OpenPool open(Path directory, OpenRequest request) {
        if (openFailure != null) {
            throw openFailure;
        }
        if (!pools.containsKey(directory)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: path=" + directory);
        }
        ModelPool pool = pools.computeIfPresent(directory, (any, before) -> before.restart());
        if (request.mode() == Mode.STARTING) {
            hold(directory, Mode.STARTING, request.controlSocket());
        }
        return new OpenPool() {
            @Override
            public Pool pool() {
                return request.readOnly() ? new ReadOnlyPool(pool) : pool;
            }

            @Override
            public void serving(String controlSocket) {
                hold(directory, Mode.SERVING, controlSocket);
            }

            @Override
            public CheckResult check(boolean isDeep) {
                return damage;
            }

            @Override
            public DumpResult dump(OutputStream to) {
                return dumpOf(pool, to);
            }

            @Override
            public void endDumps() {}
        };
    }

    @Override
    public void create(Path directory, NewPool plan) {
        if (pools.putIfAbsent(directory, ModelPool.create(plan.sizeBytes())) != null) {
            throw new BlockSpaceException(Code.EXISTS, "pool exists: path=" + directory);
        }
    }

    @Override
    public CheckResult check(Path directory, boolean isDeep) {
        return damage;
    }

    @Override
    public RepairResult repair(
            Path from, Path to, Path data, boolean force, boolean allowUnreserved, Consumer<String> progress) {
        if (!pools.containsKey(from)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: path=" + from);
        }
        return new RepairResult(losses, 1, 0, 4096);
    }

    @Override
    public DumpResult dump(Path directory, OutputStream to, Consumer<String> progress) {
        if (!pools.containsKey(directory)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: path=" + directory);
        }
        return dumpOf(pools.computeIfPresent(directory, (any, before) -> before.restart()), to);
    }

    /** Names are enough of a pool here. */
    private static DumpResult dumpOf(Pool pool, OutputStream to) {
        try {
            to.write(pool.list().toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new DumpResult(pool.list().size(), 0, 4096);
    }

    @Override
    public RestoreResult restore(
            InputStream from,
            Path directory,
            Path data,
            boolean force,
            boolean allowUnreserved,
            Consumer<String> progress) {
        create(directory, new NewPool(1 << 20, data, 0, force, allowUnreserved));
        return new RestoreResult(new DumpResult(1, 0, 4096), !isMemoryShort);
    }

    /** Every later repair loses this. */
    public void lose(RepairResult.Lost... lost) {
        losses = List.of(lost);
    }

    /** No later restore checks what it made. */
    public void shortenMemory() {
        isMemoryShort = true;
    }

    /** Every later check finds this. */
    public void damage(List<String> findings) {
        damage = new CheckResult(findings, 2, 3, 4, 5, 0, true);
    }

    /** The pool of that directory as it is open now. */
    public ModelPool pool(Path directory) {
        return pools.get(directory);
    }

    /** From now on someone holds the pool. */
    public void hold(Path directory, Mode mode, String socket) {
        holders.put(directory, new Holder(ProcessHandle.current().pid(), mode, socket));
    }

    /** From now on nobody holds the pool. */
    public void letGo(Path directory) {
        holders.remove(directory);
    }

    /** Every later open fails so. */
    public void failOpen(BlockSpaceException failure) {
        openFailure = failure;
    }
}
