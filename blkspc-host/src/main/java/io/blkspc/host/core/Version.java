package io.blkspc.host.core;

import io.blkspc.host.extent.Root;
import java.util.ArrayList;
import java.util.List;
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
    final List<Version> children = new ArrayList<>();

    /** Full name, or {@code null} when hidden. */
    String name;

    Version parent;
    /** Epoch at which it was frozen; 0 for a head. */
    long freezeEpoch;

    long sizeBytes;
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

    DeadList dead = new DeadList();
    /** First logical block the reaper has not passed yet. */
    long reapCursor = NOT_REAPING;

    /** The record that destroyed it; in memory only: 0 after recovery, when every record is durable. */
    long destroySequence;

    /** Run-time state of an open or written head; {@code null} until needed. */
    Head head;

    boolean dirty = true;

    Version(long id, UUID uuid) {
        this.id = id;
        this.uuid = uuid;
    }

    boolean isHead() {
        return freezeEpoch == 0;
    }

    boolean isVisible() {
        return name != null;
    }

    boolean isSnapshot() {
        return isVisible() && !isHead();
    }

    /** A pointer is owned by this version exactly when its birth is greater than this. */
    long ownedAfter() {
        return parent == null ? 0 : parent.freezeEpoch;
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
