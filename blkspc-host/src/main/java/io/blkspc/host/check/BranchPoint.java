package io.blkspc.host.check;

import io.blkspc.host.core.Inspection;
import io.blkspc.host.core.Inspection.DeadVisitor;
import java.util.List;
import org.agrona.collections.LongHashSet;

/**
 * A hidden version with children, seen through them: its own tree may be incomplete and is not read. It needs what some child
 * needs and was born at or before its freeze. What all children have given up it gives up too, sooner or later.
 */
final class BranchPoint {

    private final VersionImage image;

    /** Given up by every child. Key = physical block. */
    final Runs givenUp;

    final LongHashSet givenUpNodes = new LongHashSet();

    /** The part of it that the branch point has given up as well. Key = physical block. */
    final Runs gone = new Runs();

    final LongHashSet goneNodes = new LongHashSet();

    /** The part of it that the branch point still holds. Key = physical block. */
    final Runs pending;

    final LongHashSet pendingNodes = new LongHashSet();

    /** Fills in what {@code image} needs, from its children, which must be filled in before. */
    BranchPoint(Inspection inspection, VersionImage image, List<VersionImage> children) {
        this.image = image;
        inspection.gone(image.facts.id(), new DeadVisitor() {
            @Override
            public void blocks(long physicalBlock, long blockCount, long birth) {
                gone.add(physicalBlock, blockCount, 0, birth);
            }

            @Override
            public void node(long nodeId, long birth) {
                goneNodes.add(nodeId);
            }
        });
        gone.sortByKey();
        Runs all = children.getFirst().deadBlocks.sortByKey();
        givenUpNodes.addAll(children.getFirst().deadNodes);
        for (VersionImage child : children) {
            need(child);
            all = Runs.inBoth(all, child.deadBlocks.sortByKey());
            givenUpNodes.removeIfLong(node -> !child.deadNodes.contains(node));
        }
        givenUp = all;
        pending = givenUp.without(gone);
        pendingNodes.addAll(givenUpNodes);
        pendingNodes.removeAll(goneNodes);
        for (long node : pendingNodes) {
            image.nodes.add(node);
            image.nodeBirths.put(node, children.getFirst().deadNodeBirths.get(node));
        }
        image.mapped.sortByKey().removeRepeated();
        hold(children);
        count();
    }

    /** What a branch point below still holds is needed here as well, though nothing visible maps it. */
    private void hold(List<VersionImage> children) {
        Runs below = new Runs();
        for (VersionImage child : children) {
            for (int i = 0; i < child.held.size(); i++) {
                if (child.held.birth(i) <= image.facts.freezeEpoch()) {
                    below.add(child.held.key(i), child.held.count(i), 0, child.held.birth(i));
                }
            }
        }
        image.held = Runs.inEither(pending, below).removeRepeated();
    }

    private void need(VersionImage child) {
        long freezeEpoch = image.facts.freezeEpoch();
        Runs mapped = child.mapped;
        for (int i = 0; i < mapped.size(); i++) {
            if (mapped.birth(i) <= freezeEpoch) {
                image.mapped.add(mapped.key(i), mapped.count(i), mapped.value(i), mapped.birth(i));
            }
        }
        child.nodeBirths.forEachLong((node, birth) -> {
            if (birth <= freezeEpoch && image.nodes.add(node)) {
                image.nodeBirths.put(node, birth);
                image.ownedNodes += birth > image.facts.ownedAfter() ? 1 : 0;
            }
        });
    }

    private void count() {
        for (Runs runs : List.of(image.mapped, image.held.without(image.byPhysicalBlock()))) {
            for (int i = 0; i < runs.size(); i++) {
                image.exclusiveBlocks += runs.birth(i) > image.facts.ownedAfter() ? runs.count(i) : 0;
            }
        }
    }

    /** Whether everything the branch point gave up was given up by all its children. */
    boolean isGoneGivenUp() {
        return gone.without(givenUp).size() == 0 && givenUpNodes.containsAll(goneNodes);
    }
}
