package io.blkspc.host.core;

import io.blkspc.host.extent.Root;
import java.util.LinkedHashSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * One version of a volume: a head that is written to, or a frozen version. Versions form a tree: the parent of a version is
 * the frozen version it grew from. A version owns exactly the pointers born after its parent's freeze epoch.
 *
 * <p>Visible versions have a name. A frozen version made by cloning a live head, or one that was destroyed while others grow
 * from it, is hidden. Guarded by the order lock, except {@link #root}, which readers load without it.
 */
final class Version {

    /** {@link #reapCursor} of a version that is not being reaped. */
    static final long NOT_REAPING = -1;

    final long id;
    final UUID uuid;
    /** In the order in which they grew. */
    final LinkedHashSet<Version> children = new LinkedHashSet<>();

    /** Full name, or {@code null} when hidden. */
    String name;

    /** Name it had when it was destroyed; in memory only. */
    String formerName;

    Version parent;
    /** Epoch at which it was frozen; 0 for a head. */
    long freezeEpoch;

    /** Readers load it without the lock. */
    volatile long sizeBytes;

    /**
     * Of a volume that was made smaller: blocks from its end up to here may still be mapped, until {@link Resizing} or the reaper has given them
     * up. 0 = none.
     */
    long tailBlocks;

    /** Tags that keep a snapshot from being destroyed. */
    final TreeSet<String> holds = new TreeSet<>();

    /** Dumps that read it, so that it must not be destroyed, or merged when it is hidden; in memory only. */
    int dumps;

    long createdMillis;
    /** Version named as origin when it was made; 0 = none. */
    long originId;

    volatile Root root = Root.EMPTY;
    long mappedBlocks;
    /** Data blocks it maps that were born after its parent's freeze. */
    long exclusiveBlocks;

    /** Nodes born after its parent's freeze. */
    long ownedNodes;

    /** Blocks it may always make its own; 0 = none. */
    long guaranteeBlocks;

    /** Most blocks of its own; 0 = no limit. */
    long limitBlocks;

    /** Run-time state of its guarantee and limit; {@code null} when it has neither. */
    HeadQuota quota;

    /** What its parent maps and it does not. */
    DeadList dead = new DeadList();

    /** Of a hidden version: what all its children had given up and was given up here then, so that nothing is freed twice. */
    DeadList gone = new DeadList();

    /** Of a hidden version with several children: how many have given up what; {@code null} until it is counted. */
    DropCounts counts;

    /** Its name among the children of its parent, for {@link #counts} there; in memory only. */
    long tag;

    /** Entries of {@link #dead} that were taken out of the counts of its parent, because it is about to leave. */
    long forgotten;

    /** First logical block the reaper has not passed yet. */
    long reapCursor = NOT_REAPING;

    /** {@link #ownedAfter} of a version that is being reaped and has no parent any more. */
    long detachedAfter;

    /** The record that destroyed it; in memory only: 0 after recovery, when every record is durable. */
    long destroySequence;

    /** Run-time state of an open or written head; {@code null} until needed. */
    Head head;

    boolean dirty = true;

    Version(long id, UUID uuid) {
        this.id = id;
        this.uuid = uuid;
    }

    /** Log bytes of its object and of what it has there besides its lists. */
    long recordBytes() {
        return VersionOps.VERSION_LOG_BYTES + (holds.isEmpty() ? 0L : Holds.LOG_BYTES);
    }

    boolean isHead() {
        return freezeEpoch == 0;
    }

    boolean isVisible() {
        return name != null;
    }

    /** {@code true} when only its children need what it holds: its own tree may be incomplete and is never read. */
    boolean isBranchPoint() {
        return !isVisible() && !children.isEmpty();
    }

    /** {@code true} when the reaper has begun to give back what it owns. */
    boolean isDetached() {
        return reapCursor != NOT_REAPING;
    }

    boolean isSnapshot() {
        return isVisible() && !isHead();
    }

    /** A pointer is owned by this version exactly when its birth is greater than this. */
    long ownedAfter() {
        return parent == null ? detachedAfter : parent.freezeEpoch;
    }

    /** What it is guaranteed once it has another size: all of it, if it is now, else what it has, but no more than all. */
    long guaranteeFor(long newSizeBlocks) {
        return guaranteeBlocks >= sizeBlocks() ? newSizeBlocks : Math.min(guaranteeBlocks, newSizeBlocks);
    }

    /** First block that it surely does not map. */
    long mappableBlocks() {
        return Math.max(sizeBlocks(), tailBlocks);
    }

    long sizeBlocks() {
        return sizeBytes >>> io.blkspc.api.Geometry.BLOCK_SHIFT;
    }

    @Override
    public String toString() {
        return "version[id=" + id + ", name=" + name + ", parent=" + (parent == null ? 0 : parent.id) + ", freezeEpoch="
                + freezeEpoch + "]";
    }
}
