package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.JobInfo;
import io.blkspc.host.extent.ExtentTree;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * What becomes of hidden versions: which of them have something to give back, and what each step of the reaper does to them.
 * Live and in a replay the same, as everything in {@link Catalogue}.
 *
 * <pre>
 *  several children    GIVE_UP      what all children have given up is given up here too
 *  one child           MERGE, SORT  the child takes over what it owns; what the child had dropped because of it is sorted
 *  no child            DETACH, WALK, REMOVE   leaves its parent, gives back what it owns, goes
 * </pre>
 *
 * <p>A hidden version with one child is merged before any other is detached, so one without children never has a list of what
 * is gone, and its tree is whole until it is walked. Guarded by the order lock.
 */
final class Reaping {

    /** Entries a merge set aside: each is gone already, or freed, or belongs to the deadlist of {@code target}. */
    static final class SetAside {
        /** Upper bound of the step that sorts all that is left. */
        static final long END = Long.MAX_VALUE;

        Version target;

        /** The version that was merged; 0 when nobody knows, after a start. In memory only. */
        long merged;

        final long threshold;
        final DeadList list;
        /** What the version that was merged had given up before: it was freed or passed on then. */
        final DeadList gone;

        private final Intervals skipped = new Intervals();
        long cursor;

        SetAside(Version target, long threshold, DeadList list, DeadList gone) {
            this.target = target;
            this.threshold = threshold;
            this.list = list;
            this.gone = gone;
            DropCounts.forEach(gone, 0, gone.entryCount(), (start, end, birth) -> skipped.add(start, end));
        }

        /** Delivers entries {@code [from, to)} without what was gone already. */
        void forEach(long from, long to, DropCounts.Part visitor) {
            DropCounts.forEach(
                    list,
                    from,
                    to,
                    (start, end, birth) -> skipped.forEachGap(start, end, (a, b) -> visitor.part(a, b, birth)));
        }

        /** What the sort of what is left will free; looks at every entry. */
        private Unsorted toFree() {
            long[] blocks = {0};
            long[] nodes = {0};
            forEach(cursor, list.entryCount(), (start, end, birth) -> {
                if (birth > threshold) {
                    (start < DropCounts.NODE_KEY ? blocks : nodes)[0] += end - start;
                }
            });
            return new Unsorted(blocks[0], nodes[0]);
        }
    }

    /** What the counters of a version are too high by while drops wait to be sorted. */
    record Unsorted(long blocks, long nodes) {
        static final Unsorted NOTHING = new Unsorted(0, 0);
    }

    private final Catalogue catalogue;

    /** Hidden versions with at most one child. */
    private final LinkedHashSet<Version> queue = new LinkedHashSet<>();

    /** Hidden versions with several children whose drops were not counted yet. */
    private final LinkedHashSet<Version> uncounted = new LinkedHashSet<>();

    /** Hidden versions with several children, of which some may have something complete. */
    private final LinkedHashSet<Version> completing = new LinkedHashSet<>();

    /** Volumes that were made smaller and may still map something beyond their end. */
    private final LinkedHashSet<Version> tails = new LinkedHashSet<>();

    /** At most one: versions are detached one after the other. */
    private Version walking;

    /** At most one: a version to be detached, some of whose drops are out of its parent's counts by now. */
    private Version forgetting;

    /** At most one: it is sorted before anything else is done. */
    SetAside setAside;

    /** Entries looked at by sorts, for tests that count. */
    long sortedEntries;

    Reaping(Catalogue catalogue) {
        this.catalogue = catalogue;
    }

    // ---- what there is to do ----

    boolean isIdle() {
        return setAside == null
                && walking == null
                && queue.isEmpty()
                && uncounted.isEmpty()
                && completing() == null
                && tail() == null;
    }

    /** The next volume that may map something beyond its end, or {@code null}. */
    Version tail() {
        while (!tails.isEmpty()) {
            Version version = tails.getFirst();
            if (version.isVisible() && version.tailBlocks > 0) {
                return version;
            }
            tails.removeFirst();
        }
        return null;
    }

    /** A volume was made smaller. */
    void hasTail(Version version) {
        tails.add(version);
    }

    /** {@code true} when the version will be merged or detached soon: nothing may grow from it. */
    boolean isQueued(Version version) {
        return queue.contains(version);
    }

    /** {@code true} while drops that a merge gave to this version wait to be sorted: its counters are too high meanwhile. */
    boolean isSorting(Version version) {
        return setAside != null && setAside.target == version;
    }

    /** What {@link #isSorting} makes the version's counters too high by; looks at every entry. */
    Unsorted unsorted(Version version) {
        return isSorting(version) ? setAside.toFree() : Unsorted.NOTHING;
    }

    /** The version being walked, or {@code null}. */
    Version walking() {
        return walking;
    }

    /** The next version to merge or to detach, or {@code null}. */
    Version next() {
        return queue.isEmpty() ? null : queue.getFirst();
    }

    /** The next version whose drops are to be counted, or {@code null}. */
    Version uncounted() {
        return uncounted.isEmpty() ? null : uncounted.getFirst();
    }

    /** A version at which something is complete, or {@code null}. */
    Version completing() {
        while (!completing.isEmpty()) {
            Version version = completing.getFirst();
            if (version.counts != null && version.counts.hasComplete()) {
                return version;
            }
            completing.removeFirst();
        }
        return null;
    }

    /** Delivers every version that something is to be done with, and what, in the order in which it is done; some twice. */
    void forEachJob(BiConsumer<JobInfo.Kind, Version> visitor) {
        if (setAside != null) {
            visitor.accept(JobInfo.Kind.MERGE, setAside.target);
        }
        if (walking != null) {
            visitor.accept(JobInfo.Kind.DESTROY, walking);
        }
        if (forgetting != null) {
            visitor.accept(JobInfo.Kind.DESTROY, forgetting); // goes before what is complete
        }
        for (Version version : completing) {
            if (isCompleting(version)) {
                visitor.accept(JobInfo.Kind.UNSHARE, version);
            }
        }
        for (Version version : queue) {
            visitor.accept(version.children.isEmpty() ? JobInfo.Kind.DESTROY : JobInfo.Kind.MERGE, version);
        }
        for (Version version : tails) {
            if (version.isVisible() && version.tailBlocks > 0) {
                visitor.accept(JobInfo.Kind.SHRINK, version);
            }
        }
    }

    /** {@code true} when {@link #forEachJob} would deliver this version. */
    boolean isAtWork(Version version) {
        return isSorting(version)
                || walking == version
                || queue.contains(version)
                || isCompleting(version)
                || (version.isVisible() && version.tailBlocks > 0);
    }

    private static boolean isCompleting(Version version) {
        return version.counts != null && version.counts.hasComplete();
    }

    /** Counts all drops that were not counted yet. */
    void countAll() {
        while (!uncounted.isEmpty()) {
            count(uncounted.getFirst(), Long.MAX_VALUE);
        }
    }

    /**
     * Counts some drops of the children of a hidden version. Nothing of this is in the journal. What ends in its midst, as memory may,
     * is begun anew: an entry that counted twice would let go what a child still needs.
     */
    void count(Version version, long maxEntries) {
        boolean isWhole = false;
        try {
            if (version.counts == null) {
                version.counts = new DropCounts(version);
            }
            version.counts.count(maxEntries);
            if (version.counts.isReady()) {
                noteComplete(version);
                uncounted.remove(version);
            }
            isWhole = true;
        } finally {
            if (!isWhole) {
                version.counts = null;
            }
        }
    }

    /** A child of this version gave something up. */
    void noteComplete(Version version) {
        if (version.counts != null && version.counts.hasComplete()) {
            completing.add(version);
        }
    }

    /**
     * Takes some drops of a childless version out of its parent's counts, as {@link DropCounts#forget}; {@code true} when it can
     * be detached. Nothing of this is in the journal. What ends in its midst is begun anew, from the counts on.
     */
    boolean forget(Version version, long maxEntries) {
        Version parent = version.parent;
        boolean isDone = parent == null || parent.counts == null;
        if (!isDone) {
            uncounted.add(parent); // first, as it may be what there is no memory for
            boolean isWhole = false;
            try {
                isDone = parent.counts.forget(version, maxEntries);
                uncounted.remove(parent);
                isWhole = true;
            } finally {
                if (!isWhole) {
                    parent.counts = null;
                    forgetting = null;
                }
            }
        }
        forgetting = isDone ? null : version;
        return isDone;
    }

    /**
     * {@code true} while counts are without some of the drops of a version that is a child yet. Nothing must be given up
     * meanwhile: a replay, which forgets it all at once when it is detached, would give up more.
     */
    boolean isForgetting() {
        return forgetting != null;
    }

    // ---- what happens to versions ----

    /** After loading and after a replay: finds again what there is to do. */
    void rebuild() {
        queue.clear();
        uncounted.clear();
        completing.clear();
        tails.clear();
        walking = null;
        for (Version version : catalogue.versions()) {
            if (version.tailBlocks > 0) {
                tails.add(version);
            }
            if (version.isDetached()) {
                walking = version;
            } else {
                enqueue(version);
            }
        }
    }

    void destroyed(Version version) {
        enqueue(version);
    }

    /** No dump reads this hidden version any more. */
    void released(Version version) {
        enqueue(version);
    }

    /** A hidden version with several children was made. Its children have given up nothing. */
    void branchAppeared(Version version) {
        version.counts = new DropCounts(version);
        if (!version.counts.isReady()) {
            uncounted.add(version);
        }
    }

    /** Another version took the place of a head: what waits to be sorted belongs to that one now. */
    void tookOver(Version head, Version heir) {
        if (setAside != null && setAside.target == head) {
            setAside.target = heir;
        }
    }

    private void enqueue(Version version) {
        if (version.isVisible() || version.dumps > 0) {
            return;
        }
        switch (version.children.size()) {
            case 0 -> queue.addLast(version);
            case 1 -> {
                version.counts = null;
                queue.addFirst(version);
            }
            default -> {
                if (version.counts == null || !version.counts.isReady()) {
                    uncounted.add(version);
                } else {
                    noteComplete(version);
                }
            }
        }
    }

    // ---- steps ----

    /** Applies one reaper step; the drops are begun here. */
    void apply(LogRecord.Reap record, ExtentTree tree, Drops drops, int maxLeaves, long sequence) {
        switch (record.step()) {
            case WALK ->
                walk(
                        catalogue.require(record.versionId()),
                        record.from(),
                        record.to(),
                        tree,
                        drops,
                        maxLeaves,
                        sequence);
            case REMOVE -> remove(catalogue.require(record.versionId()));
            case MERGE -> merge(catalogue.require(record.versionId()));
            case SORT -> sort(record.from(), record.to(), drops, sequence);
            case DETACH -> detach(catalogue.require(record.versionId()), drops);
            case GIVE_UP -> giveUp(catalogue.require(record.versionId()), record.to(), drops, sequence);
        }
    }

    /** Takes a childless version from its parent. What only it still needed of the parent is complete there from now on. */
    private void detach(Version version, Drops drops) {
        if (!version.children.isEmpty() || !version.gone.isEmpty()) {
            throw new CorruptSpaceException(
                    Code.NEEDS_CHECK, "reap record", 0, "is needed by others, version=" + version.id);
        }
        Version parent = version.parent;
        version.detachedAfter = version.ownedAfter();
        if (parent != null) {
            if (parent.counts != null) {
                parent.counts.count(Long.MAX_VALUE); // in a replay nobody has done so before
                parent.counts.remove(version);
            }
            parent.children.remove(version);
            parent.dirty = true;
            enqueue(parent);
        }
        dropChunks(version.dead, drops);
        version.dead = new DeadList();
        version.parent = null;
        version.reapCursor = 0;
        version.dirty = true;
        queue.remove(version);
        walking = version;
    }

    private static void walk(
            Version version, long from, long to, ExtentTree tree, Drops drops, int maxLeaves, long sequence) {
        drops.begin(version, sequence, null);
        long cursor = Math.max(from, version.reapCursor);
        while (cursor < to) {
            cursor = tree.reap(version.root, version.ownedAfter(), cursor, maxLeaves, drops);
        }
        version.reapCursor = cursor;
        version.dirty = true;
    }

    private void remove(Version version) {
        catalogue.forget(version);
        walking = null;
    }

    /**
     * Joins hidden {@code version} into its only child. From now on the child owns what the version owned; what the child
     * had dropped because the version held it is set aside and sorted in later steps. Chunks in which everything is older than
     * the version stay where they are, unseen: sorts leave what they keep in the order of its birth, so that snapshots which go
     * one after the other, the newest first, cost what they free and not each time all that was ever dropped.
     */
    private void merge(Version version) {
        Version child = version.children.getFirst();
        long threshold = version.ownedAfter();
        DeadList older = isCounted(version.parent) || !version.gone.isEmpty()
                ? new DeadList()
                : child.dead.takeChunksUpTo(threshold);
        setAside = new SetAside(child, threshold, child.dead, version.gone);
        setAside.merged = version.id;
        version.dead.prepend(older);
        child.dead = version.dead;
        child.exclusiveBlocks += version.exclusiveBlocks;
        child.ownedNodes += version.ownedNodes;
        child.parent = version.parent;
        child.tag = version.tag;
        child.forgotten = 0; // of its new deadlist nothing was
        forgetting = forgetting == child ? null : forgetting;
        child.dirty = true;
        catalogue.forget(version);
        queue.remove(version);
        if (version.parent != null) {
            version.parent.children.remove(version);
            version.parent.children.add(child);
            version.parent.dirty = true;
        }
    }

    /** Counts of drops need to see each; in a replay they may not have been made yet. */
    private static boolean isCounted(Version parent) {
        return parent != null && parent.isBranchPoint() && parent.children.size() > 1;
    }

    /** An interval of keys that was dropped and an older version holds. */
    private record Kept(long start, long end, long birth) {}

    /**
     * Sorts entries of what the last merge set aside. The record that says {@link SetAside#END} sorts the rest, however many
     * there are: in a replay that left out entries whose data never arrived, a deadlist has other entries than it had live.
     */
    private void sort(long from, long to, Drops drops, long sequence) {
        SetAside aside = setAside;
        if (aside == null) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, "reap record", 0, "nothing is set aside, from=" + from);
        }
        Version target = aside.target;
        drops.begin(target, sequence, null);
        long end = Math.min(to, aside.list.entryCount());
        drops.releaseLog((end - aside.cursor) * DeadList.ENTRY_BYTES);
        sortedEntries += end - aside.cursor;
        List<Kept> kept = new ArrayList<>();
        aside.forEach(aside.cursor, end, (start, stop, birth) -> {
            if (birth > aside.threshold) {
                drops.free(start, stop);
            } else {
                kept.add(new Kept(start, stop, birth));
            }
        });
        kept.sort(Comparator.comparingLong(Kept::birth)); // the next merges find what they free in few chunks
        kept.forEach(each -> drops.keep(each.start, each.end, each.birth));
        target.dirty = true;
        aside.cursor = end;
        if (to == SetAside.END) {
            aside.list.chunks().forEach(chunk -> catalogue.removedChunks.add(chunk.id));
            dropChunks(aside.gone, drops);
            setAside = null;
        }
    }

    /** What is complete at a hidden version, below a key: freed when it is its own, else one more drop. */
    private void giveUp(Version version, long to, Drops drops, long sequence) {
        if (version.children.size() < 2) {
            throw new CorruptSpaceException(
                    Code.NEEDS_CHECK, "reap record", 0, "no branch point, version=" + version.id);
        }
        count(version, Long.MAX_VALUE);
        drops.begin(version, sequence, null);
        // Neighbours become one entry, however the counts had split them, so that a replay makes the same entries.
        long start = 0;
        long end = 0;
        long birth = 0;
        for (DropCounts.Cell cell : version.counts.complete(to)) {
            version.counts.give(cell);
            if (cell.start() != end || cell.birth() != birth) {
                passOn(version, start, end, birth, drops);
                start = cell.start();
                birth = cell.birth();
            }
            end = cell.end();
        }
        passOn(version, start, end, birth, drops);
        version.dirty = true;
    }

    private static void passOn(Version version, long start, long end, long birth, Drops drops) {
        if (start == end) {
            return;
        }
        drops.keepGone(start, end, birth);
        if (birth > version.ownedAfter()) {
            drops.free(start, end);
        } else {
            drops.keep(start, end, birth);
        }
    }

    private void dropChunks(DeadList list, Drops drops) {
        drops.releaseLog(list.bytes());
        list.chunks().forEach(chunk -> catalogue.removedChunks.add(chunk.id));
    }
}
