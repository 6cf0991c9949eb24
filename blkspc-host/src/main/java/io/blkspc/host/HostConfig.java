package io.blkspc.host;

import java.util.function.Consumer;

/**
 * How a pool is opened.
 *
 * @param mode what the process is going to do with it; told to others through the lock file
 * @param socketPath control socket others can reach this process at, or empty
 * @param cacheBytes memory for tree nodes, on the Java heap
 * @param progress told in words what a long opening is doing
 */
public record HostConfig(PoolLock.Mode mode, String socketPath, long cacheBytes, Consumer<String> progress) {

    private static final long DEFAULT_CACHE_BYTES = 64L << 20;

    /** For one command: no socket, and nothing opened that the command does not need. */
    public static HostConfig offline() {
        return new HostConfig(PoolLock.Mode.OFFLINE, "", DEFAULT_CACHE_BYTES, text -> {});
    }

    /** For a server that will answer on {@code socketPath}. */
    public static HostConfig serving(String socketPath) {
        return new HostConfig(PoolLock.Mode.STARTING, socketPath, DEFAULT_CACHE_BYTES, text -> {});
    }
}
