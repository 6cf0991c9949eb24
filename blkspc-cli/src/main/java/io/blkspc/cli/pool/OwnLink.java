package io.blkspc.cli.pool;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.cli.action.Actions;
import io.blkspc.cli.action.Arguments;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.image.SpaceBytes;
import io.blkspc.cli.image.VolumeBytes;
import java.util.Map;

/** A pool that is open in this process. */
final class OwnLink implements PoolLink {

    private final Pool pool;

    OwnLink(Pool pool) {
        this.pool = pool;
    }

    @Override
    public Object run(Operation operation, Map<String, Object> arguments) {
        return Actions.run(operation, new Arguments(arguments), pool);
    }

    @Override
    public VolumeBytes openBytes(String name) {
        return SpaceBytes.open(pool, name);
    }

    @Override
    public BlockSpace openSpace(String name) {
        return pool.open(name);
    }

    @Override
    public boolean isServed() {
        return false;
    }

    @Override
    public void close() {
        pool.close();
    }
}
