package io.blkspc.host.core;

import java.util.ArrayList;
import java.util.List;

/**
 * What can be read of one version that a repair keeps. A pointer born at or before the freeze of the parent is the parent's
 * own, so what cannot be read here may be read there, and the other way round.
 */
final class SalvagedVersion {

    /**
     * A range that could not be read.
     *
     * @param birth epoch of the pointer that leads nowhere
     */
    record Gap(long start, long count, long birth, String reason) {
        long end() {
            return start + count;
        }
    }

    final Version version;
    final List<SalvagedVersion> children = new ArrayList<>();
    final List<Gap> gaps = new ArrayList<>();
    SalvagedVersion parent;
    ExtentRuns extents = new ExtentRuns();

    SalvagedVersion(Version version) {
        this.version = version;
    }

    /** A pointer born at or before this is shared with the parent. */
    long sharedUpTo() {
        return parent == null ? 0 : parent.version.freezeEpoch;
    }

    /** After all children did: a hidden version is what its children share with it, any other one is healed by them. */
    void takeFromChildren() {
        if (children.isEmpty() || (version.isVisible() && gaps.isEmpty())) {
            return;
        }
        ExtentRuns found = new ExtentRuns();
        extents.forEach(found::add);
        for (SalvagedVersion child : children) {
            if (version.isVisible()) {
                for (Gap gap : gaps) {
                    child.extents.within(gap.start, gap.end(), (s, n, p, b, state) -> take(found, s, n, p, b, state));
                }
            } else {
                child.extents.forEach((s, n, p, b, state) -> take(found, s, n, p, b, state));
                child.gaps.stream()
                        .filter(gap -> gap.birth <= version.freezeEpoch)
                        .forEach(gaps::add);
            }
        }
        extents = found.sorted();
    }

    private void take(ExtentRuns found, long start, long count, long physical, long birth, int state) {
        if (birth <= version.freezeEpoch) {
            found.add(start, count, physical, birth, state);
        }
    }

    /** After the parent did: what the parent knows of a range that it shares. */
    void takeFromParent() {
        if (parent == null || gaps.isEmpty()) {
            return;
        }
        ExtentRuns found = new ExtentRuns();
        extents.forEach(found::add);
        for (Gap gap : gaps) {
            if (gap.birth <= sharedUpTo()) {
                extents.gaps(
                        gap.start,
                        gap.end(),
                        (start, count) -> parent.extents.within(start, start + count, found::add));
            }
        }
        extents = found.sorted();
    }

    /** Leaves out data that nobody can read. */
    void leaveOut(UnreadBlocks unread) {
        if (unread.isEmpty()) {
            return;
        }
        ExtentRuns kept = new ExtentRuns();
        extents.forEach((start, count, physical, birth, state) ->
                unread.split(start, count, physical, state, (from, length, reason) -> {
                    if (reason == null) {
                        kept.add(from, length, physical + from - start, birth, state);
                    } else {
                        gaps.add(new Gap(from, length, birth, reason));
                    }
                }));
        extents = kept;
    }
}
