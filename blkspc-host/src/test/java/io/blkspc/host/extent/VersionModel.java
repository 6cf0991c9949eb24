package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Versions over real trees, with the birth-epoch algebra around them: freeze, clone, destroy with merge, drop counts at
 * hidden branch points, reaping in steps. Beside each tree lies a plain map of blocks as the oracle. Every data block and
 * every node is an object that must be freed exactly once, with the birth it was made with.
 */
final class VersionModel {

    private static final long NOT_FROZEN = -1;

    /** What one block maps to. */
    record Target(long physical, long birth, int state) {}

    static final class Version {
        final int id;
        Version parent;
        final Set<Version> children = new LinkedHashSet<>();
        long epoch = NOT_FROZEN;
        boolean visible = true;
        boolean hidden;
        Root root;
        final TreeMap<Long, Target> oracle;
        Map<Long, Long> dead = new LinkedHashMap<>();
        Map<Long, Integer> dropCounts = new HashMap<>();
        Set<Long> gone = new HashSet<>();

        Version(int id, Version parent, Root root, Map<Long, Target> oracle) {
            this.id = id;
            this.parent = parent;
            this.root = root;
            this.oracle = new TreeMap<>(oracle);
            if (parent != null) {
                parent.children.add(this);
            }
        }

        boolean isHead() {
            return epoch == NOT_FROZEN;
        }

        long ownedAfter() {
            return parent == null ? 0 : parent.epoch;
        }
    }

    final TreeFixture at;
    final Random random;
    final List<Version> versions = new ArrayList<>();
    final Map<Long, Long> allocated = new HashMap<>();
    long epoch = 1;

    private final ArrayDeque<Version> destroyed = new ArrayDeque<>();
    private final ArrayDeque<Long> freeBlocks = new ArrayDeque<>();
    private final List<Long> dropped = new ArrayList<>();
    private long nextPhysical = 1000;
    private int nextVersion;
    private Version reaping;
    private long reapFrom;
    private Captured captured;

    VersionModel(Random random, long cacheBudget) {
        this.random = random;
        this.at = new TreeFixture(cacheBudget);
        add(null, Root.EMPTY, new TreeMap<>());
    }

    private Version add(Version parent, Root root, Map<Long, Target> oracle) {
        Version version = new Version(nextVersion++, parent, root, oracle);
        versions.add(version);
        return version;
    }

    private static long dataKey(long physical) {
        return physical << 1;
    }

    private static long nodeKey(long nodeId) {
        return (nodeId << 1) | 1;
    }

    List<Version> visible() {
        return versions.stream().filter(version -> version.visible).toList();
    }

    // Changes of a head

    void write(Version head, long start, long count, int state) {
        long physical = nextPhysical;
        if (count == 1 && !freeBlocks.isEmpty() && random.nextInt(3) == 0) {
            physical = freeBlocks.poll();
        } else {
            // Sometimes a gap, sometimes none, so that extents that follow each other do and do not join.
            physical += random.nextInt(2);
            nextPhysical = physical + count;
        }
        for (long index = 0; index < count; index++) {
            assertThat(allocated.put(dataKey(physical + index), epoch)).isNull();
        }
        replace(head, start, count, physical, state);
    }

    void punch(Version head, long start, long count) {
        replace(head, start, count, 0, ExtentRun.NONE);
    }

    /** Turns one owned run of unwritten blocks into written ones, where they are. */
    void convert(Version head, long block) {
        ExtentRun run = new ExtentRun();
        assertThat(at.tree.lookupOwned(head.root, block, 100, head.ownedAfter(), run))
                .isTrue();
        if (run.state() == ExtentRun.UNWRITTEN && run.birth() > head.ownedAfter()) {
            for (long index = 0; index < run.blockCount(); index++) {
                allocated.put(dataKey(run.physicalBlock() + index), epoch);
            }
            replace(head, block, run.blockCount(), run.physicalBlock(), ExtentRun.WRITTEN);
        }
    }

    private void replace(Version head, long start, long count, long physical, int state) {
        List<Long> expected = new ArrayList<>();
        Map<Long, Target> replaced = head.oracle.subMap(start, start + count);
        replaced.forEach((block, old) -> {
            if (state == ExtentRun.NONE || old.physical != physical + (block - start)) {
                expected.add(dataKey(old.physical));
            }
        });
        replaced.clear();
        for (long index = 0; index < count && state != ExtentRun.NONE; index++) {
            head.oracle.put(start + index, new Target(physical + index, epoch, state));
        }
        dropped.clear();
        int[] made = {0};
        DropSink sink = new DropSink() {
            @Override
            public void dropExtent(long first, long blocks, long birth, int kind) {
                for (long index = 0; index < blocks; index++) {
                    dropped.add(dataKey(first + index));
                    release(head, dataKey(first + index), birth);
                }
            }

            @Override
            public void dropNode(long nodeId, long birth) {
                release(head, nodeKey(nodeId), birth);
            }

            @Override
            public void newNode(long nodeId) {
                made[0]++;
                assertThat(allocated.put(nodeKey(nodeId), epoch)).isNull();
            }
        };
        head.root = at.tree.replace(head.root, start, count, physical, state, epoch, head.ownedAfter(), sink);
        assertThat(made[0]).isLessThanOrEqualTo(at.tree.worstCaseNewNodes(start, count, state));
        assertThat(dropped).containsExactlyInAnyOrderElementsOf(expected);
    }

    private void release(Version head, long key, long birth) {
        if (birth > head.ownedAfter()) {
            free(key, birth);
        } else {
            drop(head, key, birth);
        }
    }

    private void free(long key, long birth) {
        assertThat(allocated.remove(key))
                .as("freed once, with its birth: object=%s", key)
                .isEqualTo(birth);
        if ((key & 1) == 0) {
            freeBlocks.add(key >>> 1);
        } else {
            at.cache.remove(key >>> 1);
        }
    }

    // The algebra of versions

    Version freeze(Version head) {
        Version frozen = new Version(nextVersion++, head.parent, head.root, head.oracle);
        versions.add(frozen);
        if (head.parent != null) {
            head.parent.children.remove(head);
        }
        frozen.dead = head.dead;
        head.dead = new LinkedHashMap<>();
        frozen.epoch = epoch++;
        head.parent = frozen;
        frozen.children.add(head);
        return frozen;
    }

    void clone(Version source) {
        Version frozen = source.isHead() ? freeze(source) : source;
        add(frozen, frozen.root, frozen.oracle);
    }

    void destroy(Version version) {
        version.visible = false;
        destroyed.add(version);
    }

    /** One step of the background work; {@code false} when there is none. */
    boolean background(int maxLeaves) {
        if (reaping != null) {
            reapStep(maxLeaves);
            return true;
        }
        Version version = destroyed.poll();
        if (version == null) {
            return false;
        }
        if (version.children.isEmpty()) {
            reaping = version;
            reapFrom = 0;
        } else {
            hide(version);
        }
        return true;
    }

    private void reapStep(int maxLeaves) {
        List<long[]> objects = new ArrayList<>();
        DropSink sink = new DropSink() {
            @Override
            public void dropExtent(long first, long blocks, long birth, int state) {
                for (long index = 0; index < blocks; index++) {
                    objects.add(new long[] {dataKey(first + index), birth});
                }
            }

            @Override
            public void dropNode(long nodeId, long birth) {
                objects.add(new long[] {nodeKey(nodeId), birth});
            }
        };
        reapFrom = at.tree.reap(reaping.root, reaping.ownedAfter(), reapFrom, maxLeaves, sink);
        objects.forEach(object -> free(object[0], object[1]));
        if (reapFrom == Long.MAX_VALUE) {
            Version done = reaping;
            reaping = null;
            reaped(done);
        }
    }

    private void reaped(Version version) {
        versions.remove(version);
        Version parent = version.parent;
        if (parent == null) {
            return;
        }
        if (parent.hidden) {
            for (long key : version.dead.keySet()) {
                if (!parent.gone.contains(key)) {
                    parent.dropCounts.computeIfPresent(key, (ignored, count) -> count - 1);
                }
            }
        }
        parent.children.remove(version);
        if (parent.hidden) {
            shrunk(parent);
        }
    }

    private void hide(Version version) {
        if (version.children.size() == 1) {
            merge(version);
            return;
        }
        version.hidden = true;
        for (Version child : version.children) {
            child.dead.keySet().forEach(key -> version.dropCounts.merge(key, 1, Integer::sum));
        }
        scan(version);
    }

    private void shrunk(Version parent) {
        switch (parent.children.size()) {
            case 0 -> destroyed.addFirst(parent);
            case 1 -> merge(parent);
            default -> scan(parent);
        }
    }

    private void scan(Version version) {
        Version smallest = version.children.stream()
                .min(Comparator.comparingInt(child -> child.dead.size()))
                .orElseThrow();
        new LinkedHashMap<>(smallest.dead).forEach((key, birth) -> check(version, key, birth));
    }

    private void merge(Version hidden) {
        Version child = hidden.children.iterator().next();
        Version parent = hidden.parent;
        long ownedAfter = hidden.ownedAfter();
        Map<Long, Long> merged = new LinkedHashMap<>(hidden.dead);
        Map<Long, Long> passedUp = new LinkedHashMap<>();
        child.dead.forEach((key, birth) -> {
            if (hidden.gone.contains(key)) {
                return;
            }
            if (birth > ownedAfter) {
                free(key, birth);
            } else {
                merged.put(key, birth);
                passedUp.put(key, birth);
            }
        });
        child.dead = merged;
        child.parent = parent;
        versions.remove(hidden);
        if (parent != null) {
            parent.children.remove(hidden);
            parent.children.add(child);
            passedUp.forEach((key, birth) -> count(parent, key, birth));
        }
    }

    private void drop(Version version, long key, long birth) {
        assertThat(birth).isLessThanOrEqualTo(version.ownedAfter());
        version.dead.put(key, birth);
        if (version.parent != null) {
            count(version.parent, key, birth);
        }
    }

    private void count(Version parent, long key, long birth) {
        if (parent.hidden && parent.children.size() > 1) {
            parent.dropCounts.merge(key, 1, Integer::sum);
            check(parent, key, birth);
        }
    }

    private void check(Version hidden, long key, long birth) {
        if (hidden.gone.contains(key) || hidden.dropCounts.getOrDefault(key, 0) < hidden.children.size()) {
            return;
        }
        hidden.gone.add(key);
        release(hidden, key, birth);
    }

    // Checkpoints and checks

    /** Begins, or ends, a checkpoint; changes go on in between. */
    void checkpoint() {
        if (captured == null) {
            captured = at.cache.capture();
        } else {
            at.store(captured);
            at.cache.settle(captured);
            captured = null;
        }
    }

    /** Every visible tree is its oracle, and everything it reaches is allocated with the birth of the pointer. */
    void verify() {
        Map<Long, Long> reached = new HashMap<>();
        for (Version version : visible()) {
            TreeMap<Long, Target> found = new TreeMap<>();
            at.tree.forEach(version.root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
                private long leaf = -Node.FANOUT;
                private long nextBlock = -1;
                private Target next;

                @Override
                public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                    reached.put(nodeKey(nodeId), birth);
                    leaf = level == 0 ? firstBlock : -Node.FANOUT;
                    nextBlock = -1;
                    return true;
                }

                @Override
                public void extent(long start, long count, long physical, long birth, int state) {
                    assertThat(start == leaf && count == Node.FANOUT && state == ExtentRun.WRITTEN)
                            .as("a whole written leaf at %s", start)
                            .isFalse();
                    assertThat(start == nextBlock
                                    && start / Node.FANOUT == leaf / Node.FANOUT
                                    && new Target(physical, birth, state).equals(next))
                            .as("extents not joined at %s", start)
                            .isFalse();
                    nextBlock = start + count;
                    next = new Target(physical + count, birth, state);
                    for (long index = 0; index < count; index++) {
                        found.put(start + index, new Target(physical + index, birth, state));
                        reached.put(dataKey(physical + index), birth);
                    }
                }
            });
            assertThat(found).isEqualTo(version.oracle);
        }
        if (reaping == null && destroyed.isEmpty()) {
            assertThat(allocated).isEqualTo(reached);
        } else {
            assertThat(allocated).containsAllEntriesOf(reached);
        }
    }

    /** The lookups of one version, from block to block, give the oracle. */
    void verifyLookups(Version version, long from, long to) {
        ExtentRun run = new ExtentRun();
        for (long block = from; block < to; block = run.endBlock()) {
            assertThat(at.tree.lookup(version.root, block, to - block, run)).isTrue();
            assertThat(run.startBlock()).isEqualTo(block);
            assertThat(run.blockCount()).isPositive();
            assertThat(run.endBlock()).isLessThanOrEqualTo(to);
            if (run.state() == ExtentRun.NONE) {
                assertThat(version.oracle.subMap(block, run.endBlock())).isEmpty();
                continue;
            }
            long oldest = Long.MAX_VALUE;
            for (long index = 0; index < run.blockCount(); index++) {
                Target target = version.oracle.get(block + index);
                assertThat(target.physical).isEqualTo(run.physicalBlock() + index);
                assertThat(target.state).isEqualTo(run.state());
                oldest = Math.min(oldest, target.birth);
            }
            assertThat(run.birth()).isEqualTo(oldest);
        }
    }

    /** Ends all background work and checkpoints: afterwards the store holds the allocated nodes and nothing else. */
    void settleAll() {
        while (background(3)) {
            // until nothing is left
        }
        verify();
        for (int half = 0; half < 4; half++) {
            checkpoint();
        }
        if (captured != null) {
            checkpoint();
        }
        long nodes = allocated.keySet().stream().filter(key -> (key & 1) == 1).count();
        assertThat(at.images.size()).isEqualTo(nodes);
    }
}
