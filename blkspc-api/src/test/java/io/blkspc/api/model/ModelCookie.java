package io.blkspc.api.model;

import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.model.ModelVersion.Stage;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * Credit as data blocks. The first block taken in a window costs a credit; the window's other blocks are then covered, each
 * once. Guarded by the pool's monitor.
 */
final class ModelCookie extends Cookie {

    final ModelVersion head;
    private final ModelPool pool;
    private final long id;
    private final int blockSizeBytes;
    final int windowBlocks;
    /** Blocks already taken in windows paid for. */
    private final Map<Long, Integer> taken = new HashMap<>();

    final long reserved;
    final long bornNanos = System.nanoTime();
    private int credits;
    /** Blocks still promised to this cookie. */
    private long promised;

    ModelCookie(ModelPool pool, ModelVersion head, long id, int credits, int blockSizeBytes) {
        this.pool = pool;
        this.head = head;
        this.id = id;
        this.credits = credits;
        this.blockSizeBytes = blockSizeBytes;
        this.windowBlocks = Math.max(1, blockSizeBytes / Geometry.BLOCK_BYTES);
        this.reserved = (long) credits * windowBlocks;
        this.promised = head.isWhole() ? 0 : reserved;
        pool.blocks.promise(promised);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public int creditsRemaining() {
        synchronized (pool.monitor) {
            return credits;
        }
    }

    @Override
    public int blockSizeBytes() {
        return blockSizeBytes;
    }

    long promised() {
        return promised;
    }

    /** Blocks promised, and new blocks staged: those only that the head does not own already, where it is guaranteed in full. */
    long outstanding() {
        return promised
                + fresh().filter(entry -> !head.isWhole() || !head.ownsAt(entry.getKey()))
                        .count();
    }

    /** As {@link #outstanding}, once the head is frozen and owns nothing. */
    long outstandingOnceFrozen() {
        return promised + fresh().count();
    }

    /** Of all cookies of a head. */
    static long sum(Collection<ModelCookie> cookies, ModelVersion head, ToLongFunction<ModelCookie> amount) {
        return cookies.stream()
                .filter(cookie -> cookie.head == head)
                .mapToLong(amount)
                .sum();
    }

    private Stream<Map.Entry<Long, Stage>> fresh() {
        return head.stages.entrySet().stream()
                .filter(entry ->
                        entry.getValue().cookie() == this && entry.getValue().fresh());
    }

    boolean canTake(long block) {
        return credits > 0 || taken.getOrDefault(block / windowBlocks, windowBlocks) < windowBlocks;
    }

    /** Pays for one block; a {@code fresh} one is no longer promised but held by whom the caller says. */
    void take(long block, boolean fresh) {
        long window = block / windowBlocks;
        int before = taken.getOrDefault(window, windowBlocks);
        if (before == windowBlocks) {
            credits--;
            before = 0;
        }
        taken.put(window, before + 1);
        if (fresh && !head.isWhole()) {
            promised--;
            pool.blocks.promise(-1);
        }
    }

    Stream<Stage> stages() {
        return head.stages.values().stream().filter(stage -> stage.cookie() == this);
    }

    @Override
    protected void unreserve() {
        synchronized (pool.monitor) {
            if (!pool.isOpen()) {
                return;
            }
            stages().forEach(stage -> pool.blocks.releaseStaged(stage.physical()));
            head.stages.values().removeIf(stage -> stage.cookie() == this);
            pool.blocks.promise(-promised);
            promised = 0;
            credits = 0;
            taken.clear();
            pool.cookies.remove(this);
            pool.monitor.notifyAll();
        }
    }
}
