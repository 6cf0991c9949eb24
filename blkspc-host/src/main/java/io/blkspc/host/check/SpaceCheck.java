package io.blkspc.host.check;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.check.CheckReport.Finding;
import io.blkspc.host.core.BlockReader;
import io.blkspc.host.core.Inspection;
import io.blkspc.host.core.Inspection.DeadVisitor;
import io.blkspc.host.core.Inspection.VersionFacts;
import io.blkspc.host.core.InspectionLimit;
import io.blkspc.host.core.PoolOpening;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.agrona.collections.LongHashSet;

/**
 * Checks the metadata of a pool.
 *
 * <ol>
 *   <li>K1 every node reads and verifies; every extent lies inside the pool and inside its volume; no birth is later than the
 *       epoch.
 *   <li>K2 no physical block is mapped from two logical places or under two births: versions share whole pointers or nothing.
 *   <li>K3 the counters of mapped and of own blocks are what the tree says.
 *   <li>K4 the deadlist of a version is exactly what its parent maps and it does not, blocks and nodes, and all of it was born
 *       at or before the parent's freeze. A hidden parent is seen through its children ({@link BranchPoint}); what it has given up
 *       is in all their deadlists.
 *   <li>K5 parents are frozen, older than their children; names are unique and on visible versions only; a hidden version is on
 *       its way out or has several children.
 *   <li>K6 after a clean stop: the free map is the complement of what is held, and the checkpoint has no node that nothing
 *       holds.
 *   <li>K7 of a running pool: what it counts as in use is what is held, at the moment of the check.
 *   <li>K8 when asked for a deep check: every data block that something holds can be read from the medium.
 * </ol>
 */
public final class SpaceCheck {

    private static final int MAX_FINDINGS = 100;

    /** Data that is read before a check looks whether it is to go on: 1 MiB. */
    private static final int PIECE_BLOCKS = 256;

    private final Inspection inspection;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<Long, VersionImage> images = new TreeMap<>();
    /** Key = physical block, value = logical block. */
    private final Runs held = new Runs();

    private final LongHashSet nodes = new LongHashSet();
    private final Map<Long, BranchPoint> branchPoints = new TreeMap<>();

    private int versionCount;
    private long allocated;

    private SpaceCheck(Inspection inspection) {
        this.inspection = inspection;
    }

    /** Checks all metadata; a damaged structure becomes a finding, not an exception. */
    public static CheckReport run(Inspection inspection) {
        return run(inspection, false);
    }

    /** As {@link #run(Inspection)}. A deep check also reads every held data block from the medium. */
    public static CheckReport run(Inspection inspection, boolean isDeep) {
        SpaceCheck check = ofMetadata(inspection);
        return isDeep ? check.withData(() -> {}) : check.report();
    }

    /**
     * Checks a pool that is not open. Where damage keeps its metadata from being loaded, the findings
     * are that damage and all that {@link PoolOpening#salvage} cannot read, and every count is 0: then nothing is compared, and no
     * data is read.
     *
     * @throws BlockSpaceException as {@link PoolOpening#inspect(InspectionLimit)}, except for damage
     */
    public static CheckReport run(PoolOpening opening, InspectionLimit limit, boolean isDeep) {
        try {
            return run(opening.inspect(limit), isDeep);
        } catch (BlockSpaceException e) {
            if (!UnloadedPool.isDamage(e)) {
                throw e;
            }
            return UnloadedPool.report(opening, e);
        }
    }

    /** Checks all metadata, and what is found needs it no more; then {@link #report} or {@link #withData}. */
    public static SpaceCheck ofMetadata(Inspection inspection) {
        SpaceCheck check = new SpaceCheck(inspection);
        check.metadata();
        return check;
    }

    private void metadata() {
        for (CorruptSpaceException damage : inspection.damage()) {
            find(damage.structure(), "offset=" + damage.offsetBytes(), damage.getMessage());
        }
        List<VersionFacts> versions = inspection.versions();
        for (VersionFacts facts : versions) {
            read(facts);
        }
        setAside();
        branchPoints(versions);
        held.sortByKey();
        placesAndBirths();
        for (VersionImage image : images.values()) {
            counters(image);
            deadlist(image);
        }
        tree(versions);
        allocated = held.covered();
        if (inspection.isClean()) {
            freeMap();
            if (inspection.nodeObjects() != nodes.size()) {
                find("checkpoint", "nodes", "objects=" + inspection.nodeObjects() + ", held=" + nodes.size());
            }
        }
        if (inspection.isLive() && inspection.damage().isEmpty()) {
            accounts(allocated);
        }
        versionCount = versions.size();
    }

    /** What was found in the metadata. */
    public CheckReport report() {
        return report(0);
    }

    /**
     * Reads every block that was held, in the order in which they lie, too. Those that were given up since are read as well.
     *
     * @param mayGoOn asked again and again; throws when the check is to end
     */
    public CheckReport withData(Runnable mayGoOn) {
        return report(readData(mayGoOn));
    }

    private CheckReport report(long readBlocks) {
        return new CheckReport(
                List.copyOf(findings),
                versionCount,
                nodes.size(),
                held.size(),
                allocated,
                readBlocks,
                inspection.isClean());
    }

    /** What a running pool counts too low it gives away twice; too high, and it never gets it back. */
    private void accounts(long heldBlocks) {
        if (inspection.usedBlocks() != heldBlocks) {
            find("accounts", "data blocks", "counted=" + inspection.usedBlocks() + ", held=" + heldBlocks);
        }
        if (inspection.usedNodes() != nodes.size()) {
            find("accounts", "node slots", "counted=" + inspection.usedNodes() + ", held=" + nodes.size());
        }
    }

    private long readData(Runnable mayGoOn) {
        long blocks = 0;
        Runs each = new Runs();
        for (int i = 0; i < held.size(); i++) {
            each.add(held.key(i), held.count(i), 0, held.birth(i));
        }
        each.removeRepeated();
        try (BlockReader reader = inspection.openData()) {
            for (int i = 0; i < each.size(); i++) {
                long end = Math.min(each.key(i) + each.count(i), inspection.dataBlocks()); // else found already
                for (long at = each.key(i); at < end; at += PIECE_BLOCKS) {
                    mayGoOn.run();
                    long count = Math.min(PIECE_BLOCKS, end - at);
                    reader.read(
                            at,
                            count,
                            (block, problem) -> find("data block", "physical=" + block, "cannot be read: " + problem));
                    blocks += count;
                }
            }
        }
        return blocks;
    }

    private void find(String structure, String where, String problem) {
        if (findings.size() < MAX_FINDINGS) {
            findings.add(new Finding(structure, where, problem));
        }
    }

    private static String nameOf(VersionFacts facts) {
        return (facts.name() == null ? "hidden" : facts.name()) + " id=" + facts.id();
    }

    private void read(VersionFacts facts) {
        try {
            VersionImage image = new VersionImage(inspection, facts);
            images.put(facts.id(), image);
            nodes.addAll(image.nodes);
            for (int i = 0; i < image.mapped.size(); i++) {
                if (image.mapped.end(i) > facts.sizeBlocks()
                        || image.mapped.value(i) + image.mapped.count(i) > inspection.dataBlocks()) {
                    find("extent", nameOf(facts), "outside volume or pool, block=" + image.mapped.key(i));
                }
                held.add(image.mapped.value(i), image.mapped.count(i), image.mapped.key(i), image.mapped.birth(i));
            }
            if (image.latestBirth > inspection.epoch()) {
                find(
                        "extent",
                        nameOf(facts),
                        "birth=" + image.latestBirth + " is later than epoch=" + inspection.epoch());
            }
        } catch (CorruptSpaceException e) {
            find("extent node", nameOf(facts), e.getMessage());
        }
    }

    /** What a merge set aside is held until it is sorted; the older part belongs to the target's deadlist. */
    private void setAside() {
        VersionImage target = images.get(inspection.setAsideTarget());
        inspection.setAside(new DeadVisitor() {
            @Override
            public void blocks(long physicalBlock, long blockCount, long birth) {
                if (birth <= inspection.setAsideThreshold() && target != null) {
                    target.addDead(physicalBlock, blockCount, birth);
                } else {
                    held.add(physicalBlock, blockCount, -1, birth);
                    if (target != null) {
                        target.exclusiveBlocks += blockCount; // counted until they are sorted
                    }
                }
            }

            @Override
            public void node(long nodeId, long birth) {
                if (birth <= inspection.setAsideThreshold() && target != null) {
                    target.addDeadNode(nodeId, birth);
                } else {
                    nodes.add(nodeId);
                    if (target != null) {
                        target.ownedNodes++; // as above
                    }
                }
            }
        });
    }

    /** Hidden versions with children, those frozen last first: a child was frozen after its parent. */
    private void branchPoints(List<VersionFacts> versions) {
        List<VersionFacts> hidden = versions.stream()
                .filter(SpaceCheck::isBranchPoint)
                .sorted(Comparator.comparingLong(VersionFacts::freezeEpoch).reversed())
                .toList();
        for (VersionFacts facts : hidden) {
            List<VersionImage> children = images.values().stream()
                    .filter(image -> image.facts.parentId() == facts.id())
                    .toList();
            if (children.size() < facts.children()) {
                continue; // a child is damaged and reported already
            }
            BranchPoint point = new BranchPoint(inspection, images.get(facts.id()), children);
            branchPoints.put(facts.id(), point);
            if (!point.isGoneGivenUp()) {
                find("list of what is gone", nameOf(facts), "a child needs something of it");
            }
            for (int i = 0; i < point.pending.size(); i++) {
                held.add(point.pending.key(i), point.pending.count(i), -1, point.pending.birth(i));
            }
            nodes.addAll(point.pendingNodes);
        }
    }

    private static boolean isBranchPoint(VersionFacts facts) {
        return facts.name() == null && facts.children() > 0;
    }

    private void placesAndBirths() {
        Runs placed = new Runs();
        for (int i = 0; i < held.size(); i++) {
            if (held.value(i) >= 0) {
                placed.add(held.key(i), held.count(i), held.value(i), held.birth(i));
            }
        }
        long end = -1;
        long shift = 0;
        long birth = 0;
        for (int i = 0; i < placed.size(); i++) {
            long thisShift = placed.key(i) - placed.value(i);
            if (placed.key(i) < end) {
                if (thisShift != shift || placed.birth(i) != birth) {
                    twoOwners(placed.key(i), birth, placed.birth(i));
                }
                end = Math.max(end, placed.end(i));
            } else {
                end = placed.end(i);
                shift = thisShift;
                birth = placed.birth(i);
            }
        }
        birthsWithoutPlace(placed.removeRepeated());
    }

    /** What a branch point or a merge still holds has no place of its own: an older version may map the same blocks. */
    private void birthsWithoutPlace(Runs placed) {
        int at = 0;
        for (int i = 0; i < held.size(); i++) {
            if (held.value(i) >= 0) {
                continue;
            }
            while (at < placed.size() && placed.end(at) <= held.key(i)) {
                at++;
            }
            for (int k = at; k < placed.size() && placed.key(k) < held.end(i); k++) {
                if (placed.birth(k) != held.birth(i)) {
                    twoOwners(Math.max(placed.key(k), held.key(i)), placed.birth(k), held.birth(i));
                }
            }
        }
    }

    private void twoOwners(long physical, long birth, long other) {
        find(
                "data block",
                "physical=" + physical,
                "mapped from two places or under two births, birth=" + birth + " and " + other);
    }

    private void counters(VersionImage image) {
        VersionFacts facts = image.facts;
        if (facts.reapCursor() >= 0) {
            return; // on its way out: its counters are history
        }
        if (isBranchPoint(facts)) {
            if (branchPoints.containsKey(facts.id()) && facts.exclusiveBlocks() != image.exclusiveBlocks) {
                find(
                        "version object",
                        nameOf(facts),
                        "exclusiveBlocks=" + facts.exclusiveBlocks() + ", through its children="
                                + image.exclusiveBlocks);
            }
            return; // nobody reads its tree, so nobody counts what it maps
        }
        if (facts.mappedBlocks() != image.mappedBlocks) {
            find(
                    "version object",
                    nameOf(facts),
                    "mappedBlocks=" + facts.mappedBlocks() + ", in tree=" + image.mappedBlocks);
        }
        if (facts.exclusiveBlocks() != image.exclusiveBlocks) {
            find(
                    "version object",
                    nameOf(facts),
                    "exclusiveBlocks=" + facts.exclusiveBlocks() + ", in tree=" + image.exclusiveBlocks);
        }
        if (facts.ownedNodes() != image.ownedNodes) {
            find("version object", nameOf(facts), "ownedNodes=" + facts.ownedNodes() + ", in tree=" + image.ownedNodes);
        }
    }

    private void deadlist(VersionImage image) {
        VersionFacts facts = image.facts;
        VersionImage parent = images.get(facts.parentId());
        if (facts.reapCursor() >= 0) {
            return;
        }
        if (facts.parentId() == 0) {
            if (image.deadBlocks.size() > 0 || !image.deadNodes.isEmpty()) {
                find("deadlist", nameOf(facts), "has entries, but no older version could hold them");
            }
            return;
        }
        if (parent == null || (isBranchPoint(parent.facts) && !branchPoints.containsKey(facts.parentId()))) {
            return; // reported as damaged already
        }
        BranchPoint above = branchPoints.get(facts.parentId());
        BranchPoint self = branchPoints.get(facts.id());
        if (image.latestDeadBirth > facts.ownedAfter()) {
            find("deadlist", nameOf(facts), "holds its own, birth=" + image.latestDeadBirth);
        }
        Runs dropped = parent.notMappedAlikeBy(image);
        dropped = self == null ? dropped : dropped.without(image.held);
        if (above != null) {
            Runs heldByOthers = parent.held.without(image.byPhysicalBlock()).without(image.held);
            dropped = Runs.inEither(Runs.inEither(dropped, above.givenUp), heldByOthers);
        }
        long different = Runs.firstDifference(dropped, image.deadBlocks.sortByKey());
        if (different >= 0) {
            find("deadlist", nameOf(facts), "is not what the parent maps and it does not, physical=" + different);
        }
        LongHashSet expected = new LongHashSet();
        expected.addAll(parent.nodes);
        expected.removeAll(image.nodes);
        if (above != null) {
            expected.addAll(above.givenUpNodes);
        }
        if (!expected.equals(image.deadNodes)) {
            find("deadlist", nameOf(facts), "nodes=" + image.deadNodes.size() + ", expected=" + expected.size());
        }
    }

    private void tree(List<VersionFacts> versions) {
        Set<String> names = new HashSet<>();
        Map<Long, VersionFacts> byId = new TreeMap<>();
        versions.forEach(facts -> byId.put(facts.id(), facts));
        for (VersionFacts facts : versions) {
            VersionFacts parent = byId.get(facts.parentId());
            if (facts.parentId() != 0 && (parent == null || parent.freezeEpoch() == 0)) {
                find("version object", nameOf(facts), "parent=" + facts.parentId() + " is not a frozen version");
            } else if (parent != null && facts.freezeEpoch() != 0 && facts.freezeEpoch() <= parent.freezeEpoch()) {
                find("version object", nameOf(facts), "was frozen before its parent");
            }
            if (facts.name() != null && !names.add(facts.name())) {
                find("version object", nameOf(facts), "name is taken twice");
            }
            if (facts.freezeEpoch() == 0 && facts.children() > 0) {
                find("version object", nameOf(facts), "head has children=" + facts.children());
            }
        }
    }

    private void freeMap() {
        long block = 0;
        for (int i = 0; i <= held.size(); i++) {
            long stop = i < held.size() ? held.key(i) : inspection.dataBlocks();
            for (; block < stop; block++) {
                if (inspection.isMarkedUsed(block)) {
                    find("free map", "block=" + block, "marked in use, held by nothing");
                }
            }
            for (; i < held.size() && block < held.end(i); block++) {
                if (!inspection.isMarkedUsed(block)) {
                    find("free map", "block=" + block, "marked free, but held");
                }
            }
        }
    }
}
