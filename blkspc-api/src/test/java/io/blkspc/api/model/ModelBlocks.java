package io.blkspc.api.model;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Physical blocks: who holds each, what is promised, and what must rest before reuse. Guarded by the pool's monitor.
 *
 * <p>I1: promised ≤ capacity − held, after every operation.
 */
final class ModelBlocks {

    /** A freed block, the sequence that freed it, and the newest lease that may have mapped it. */
    private record Resting(long block, long sequence, long lease) {}

    long capacity;
    private final ModelDevice device;
    private final Map<Long, Integer> holders = new HashMap<>();
    private final BitSet unavailable = new BitSet();
    private final ArrayDeque<Resting> resting = new ArrayDeque<>();
    /** Newest sequence that named a block with a checksum. */
    private final Map<Long, Long> named = new HashMap<>();

    /** Targets of stages, one stage each. */
    private final Set<Long> staged = new HashSet<>();

    private long promised;
    private final Set<ModelLease> leases = new HashSet<>();
    private long leaseClock;
    long sequence;
    long durable;

    ModelBlocks(long capacity, ModelDevice device) {
        this.capacity = capacity;
        this.device = device;
    }

    long held() {
        return holders.size();
    }

    long promised() {
        return promised;
    }

    long available() {
        return capacity - held() - promised;
    }

    long quarantined() {
        return resting.stream().filter(r -> r.sequence() > durable).count();
    }

    /** How many versions map the block. */
    int versionsHolding(long block) {
        return holders.getOrDefault(block, 0) - (staged.contains(block) ? 1 : 0);
    }

    /** {@code true} when nothing is free but what still rests. */
    boolean isShort() {
        return held() + resting.size() >= capacity;
    }

    void promise(long blocks) {
        promised += blocks;
        if (promised < 0 || available() < 0) {
            throw new IllegalStateException("I1: promised=" + promised + ", held=" + held() + ", of=" + capacity);
        }
    }

    /** One more version or stage holds an allocated block. */
    void hold(long block) {
        holders.merge(block, 1, Integer::sum);
    }

    /** One version or stage fewer holds it; the last one frees it. */
    void release(long block) {
        Integer left = holders.merge(block, -1, Integer::sum);
        if (left < 0) {
            throw new IllegalStateException("block released twice: block=" + block);
        }
        if (left == 0) {
            holders.remove(block);
            resting.add(new Resting(block, sequence, leaseClock));
        }
    }

    /** A stage takes a hold of its target, whether new or mapped. */
    void holdStaged(long block) {
        hold(block);
        staged.add(block);
    }

    void releaseStaged(long block) {
        staged.remove(block);
        release(block);
    }

    /** A version of a pool that is opened again holds this block. */
    void restore(long block) {
        hold(block);
        unavailable.set((int) block);
    }

    /** Takes {@code wanted} if it is free, {@code -1} if not; the caller holds it at once. */
    long takeAt(long wanted) {
        settle();
        return wanted < capacity && !unavailable.get((int) wanted) ? take(wanted) : -1;
    }

    /** Takes the lowest free block; {@code -1} when all are held or rest. */
    long takeAny() {
        settle();
        int free = unavailable.nextClearBit(0);
        return free < capacity ? take(free) : -1;
    }

    boolean hasFree() {
        settle();
        return unavailable.nextClearBit(0) < capacity;
    }

    private long take(long block) {
        unavailable.set((int) block);
        device.poison(block);
        return block;
    }

    /** Ends the rest of blocks whose freeing is durable and that no lease can still name. */
    private void settle() {
        long oldest = leases.stream().mapToLong(ModelLease::started).min().orElse(Long.MAX_VALUE);
        // Sequences and leases only grow, so the oldest entry is the first that can go.
        while (!resting.isEmpty()
                && resting.peek().sequence() <= durable
                && resting.peek().lease() < oldest) {
            unavailable.clear((int) resting.poll().block());
        }
    }

    void name(long block) {
        named.put(block, sequence);
    }

    /** {@code true} when a record that is not durable names the block: no data may be written to it. */
    boolean isNamedAboveMark(long block) {
        return named.getOrDefault(block, 0L) > durable;
    }

    void durableUpTo(long mark) {
        durable = Math.max(durable, mark);
        named.values().removeIf(seen -> seen <= durable);
    }

    long openLease(ModelLease lease) {
        leases.add(lease);
        return ++leaseClock;
    }

    void closeLease(ModelLease lease) {
        if (!leases.remove(lease)) {
            throw new IllegalStateException("lease closed twice");
        }
    }

    /** Counts by brute force who holds what. */
    void assertHolders(Collection<ModelVersion> versions, Collection<ModelCookie> cookies) {
        Map<Long, Integer> expected = new HashMap<>();
        for (ModelVersion version : versions) {
            version.map.values().forEach(pointer -> expected.merge(pointer.physical(), 1, Integer::sum));
        }
        cookies.stream()
                .flatMap(ModelCookie::stages)
                .forEach(stage -> expected.merge(stage.physical(), 1, Integer::sum));
        if (!expected.equals(holders)) {
            throw new AssertionError("blocks held=" + holders + ", by brute force=" + expected);
        }
    }
}
