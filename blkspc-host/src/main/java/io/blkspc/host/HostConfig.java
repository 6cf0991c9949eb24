package io.blkspc.host;

import io.blkspc.host.device.CacheMode;
import java.util.function.Consumer;

/**
 * How a pool is opened.
 *
 * @param mode what the process is going to do with it; told to others through the lock file
 * @param socketPath control socket others can reach this process at, or empty
 * @param cacheBytes memory for tree nodes, on the Java heap
 * @param dataCache whether the data of volumes goes through the page cache
 * @param progress told in words what a long opening is doing
 */
public record HostConfig(
        PoolLock.Mode mode, String socketPath, long cacheBytes, CacheMode dataCache, Consumer<String> progress) {

    private static final long DEFAULT_CACHE_BYTES = 64L << 20;

    /** For one command: no socket, and nothing opened that the command does not need. */
    public static HostConfig offline() {
        return new HostConfig(PoolLock.Mode.OFFLINE, "", DEFAULT_CACHE_BYTES, CacheMode.WRITEBACK, text -> {});
    }

    /** For a server that will answer on {@code socketPath}. */
    public static HostConfig serving(String socketPath) {
        return new HostConfig(PoolLock.Mode.STARTING, socketPath, DEFAULT_CACHE_BYTES, CacheMode.WRITEBACK, text -> {});
    }

    /** The same with its data through the page cache or around it. */
    public HostConfig with(CacheMode newDataCache) {
        return new HostConfig(mode, socketPath, cacheBytes, newDataCache, progress);
    }

    /** The same with somebody to tell. */
    public HostConfig with(Consumer<String> newProgress) {
        return new HostConfig(mode, socketPath, cacheBytes, dataCache, newProgress);
    }
}
