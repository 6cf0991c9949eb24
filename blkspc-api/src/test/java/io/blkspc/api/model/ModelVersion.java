package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A volume, a snapshot, or a frozen version without a name that several others descend from. Its map is flat and complete.
 * Guarded by the pool's monitor.
 */
final class ModelVersion {

    /** Where a block lies, since which epoch, and whether it holds data. */
    record Pointer(long physical, long birth, boolean written) {}

    /** A block handed out and not committed. */
    record Stage(ModelCookie cookie, long physical, boolean fresh, long source) {
        boolean isCow() {
            return source >= 0;
        }
    }

    /** Epoch of a version that is not frozen. */
    static final long LIVE = Long.MAX_VALUE;

    private static final long BEFORE_EVERYTHING = -1;

    /** Full name, or {@code null} once hidden. */
    String name;

    final UUID uuid = UUID.randomUUID();
    long sizeBytes;
    final long createdMillis = System.currentTimeMillis();
    final TreeMap<Long, Pointer> map;
    final TreeMap<Long, Stage> stages = new TreeMap<>();
    final Set<ModelVersion> children = new HashSet<>();
    ModelVersion parent;
    ModelVersion origin;
    long epoch = LIVE;
    long generation = 1;
    int attachments;
    int leases;
    int writeLeases;
    /** Freezes and discards that wait for write leases to end; above zero no new one starts. */
    int gates;

    Quota quota = Quota.NONE;
    final TreeSet<String> holds = new TreeSet<>();

    ModelVersion(String name, long sizeBytes, SortedMap<Long, Pointer> map) {
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.map = new TreeMap<>(map);
    }

    boolean isLive() {
        return epoch == LIVE;
    }

    boolean isVisible() {
        return name != null;
    }

    /** A tag more, or one less. */
    void hold(String tag, boolean held) {
        if (!(held ? holds.add(tag) : holds.remove(tag))) {
            throw new BlockSpaceException(held ? Code.EXISTS : Code.NOT_FOUND, "name=" + name + ", tag=" + tag);
        }
        if (held && holds.stream().mapToInt(each -> each.length() + 2).sum() > 1024) {
            holds.remove(tag);
            throw new BlockSpaceException(Code.LIMIT, "too many tags: name=" + name);
        }
    }

    /** Another size, and what that makes of the guarantee; the blocks beyond the end are left to the caller. */
    void resizeTo(long newSizeBytes) {
        quota = new Quota(guaranteeFor(newSizeBytes), quota.limitBytes());
        sizeBytes = newSizeBytes;
        generation++;
    }

    long guaranteeFor(long newSizeBytes) {
        long guarantee = quota.guaranteeBytes();
        return guarantee >= sizeBytes ? newSizeBytes : Math.min(guarantee, newSizeBytes);
    }

    /** Blocks that some of these versions map and no other one does. */
    static int blocksOnlyIn(List<String> names, Map<String, ModelVersion> versions) {
        Set<Long> freed = new HashSet<>();
        names.forEach(name -> versions.get(name).map.values().forEach(pointer -> freed.add(pointer.physical())));
        versions.forEach((name, version) -> {
            if (!names.contains(name)) {
                version.map.values().forEach(pointer -> freed.remove(pointer.physical()));
            }
        });
        return freed.size();
    }

    void descendFrom(ModelVersion newParent) {
        if (parent != null) {
            parent.children.remove(this);
        }
        parent = newParent;
        if (parent != null) {
            parent.children.add(this);
        }
    }

    /** Takes this and what is above it out of the tree, as far as they are hidden and have fewer than two children. */
    void prune() {
        ModelVersion at = this;
        while (at != null && !at.isVisible() && at.children.size() < 2) {
            ModelVersion above = at.parent;
            for (ModelVersion child : List.copyOf(at.children)) {
                child.descendFrom(above);
            }
            at.descendFrom(null);
            at = above;
        }
    }

    /** {@code true} when the block was born after the last freeze above this version: nobody else can hold it. */
    boolean owns(Pointer pointer) {
        return pointer.birth() > (parent == null ? BEFORE_EVERYTHING : parent.epoch);
    }

    /** Blocks of its own. */
    long ownedBlocks() {
        return map.values().stream().filter(this::owns).count();
    }

    /** What of its guarantee would stand promised if it owned {@code owned} blocks and its clients held {@code held}. */
    long standing(long owned, long held) {
        return isLive() && isVisible() ? Math.max(0, quota.guaranteeBytes() / Geometry.BLOCK_BYTES - owned - held) : 0;
    }

    /** {@code true} when every block is guaranteed: then its cookies hold no blocks, and none is refused. */
    boolean isWhole() {
        return isGuaranteed() && quota.guaranteeBytes() >= sizeBytes;
    }

    /** {@code true} when a new block for this one makes no difference to what the version has yet to make its own. */
    boolean ownsAt(long block) {
        Pointer old = map.get(block);
        return old != null && owns(old);
    }

    boolean isGuaranteed() {
        return quota.guaranteeBytes() > 0;
    }

    boolean hasStageIn(long start, long end) {
        Long first = stages.ceilingKey(start);
        return first != null && first < end;
    }

    /** Stages whose target is the mapped block itself hold up a freeze: it must not share a block being written. */
    boolean hasStageInPlace() {
        return stages.values().stream().anyMatch(stage -> !stage.fresh());
    }

    /** The process is another one now. */
    void forgetClients() {
        stages.clear();
        attachments = 0;
        leases = 0;
        writeLeases = 0;
        gates = 0;
        generation++;
    }
}
