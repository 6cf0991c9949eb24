package io.blkspc.host.check;

import io.blkspc.host.core.Inspection;
import io.blkspc.host.core.Inspection.DeadVisitor;
import io.blkspc.host.core.Inspection.VersionFacts;
import io.blkspc.host.extent.ExtentVisitor;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.LongHashSet;

/** Everything one version maps, read from its tree: runs by logical block, nodes, and its deadlist. */
final class VersionImage {

    final VersionFacts facts;
    /** Key = logical block, value = physical block. */
    final Runs mapped = new Runs();

    final LongHashSet nodes = new LongHashSet();
    /** The same, with the births of the pointers to them. */
    final Long2LongHashMap nodeBirths = new Long2LongHashMap(-1);

    /** Key = physical block. */
    final Runs deadBlocks = new Runs();

    final LongHashSet deadNodes = new LongHashSet();
    /** Births of the same. */
    final Long2LongHashMap deadNodeBirths = new Long2LongHashMap(-1);

    /** Of a branch point: what it or one below it holds although none of its children needs it. Key = physical block. */
    Runs held = new Runs();

    long mappedBlocks;
    long exclusiveBlocks;
    long ownedNodes;
    long latestBirth;
    long latestDeadBirth;

    VersionImage(Inspection inspection, VersionFacts facts) {
        this.facts = facts;
        inspection.walk(facts.id(), new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                nodes.add(nodeId);
                nodeBirths.put(nodeId, birth);
                ownedNodes += birth > facts.ownedAfter() ? 1 : 0;
                latestBirth = Math.max(latestBirth, birth);
                return true;
            }

            @Override
            public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
                mapped.add(startBlock, blockCount, physicalBlock, birth);
                mappedBlocks += blockCount;
                exclusiveBlocks += birth > facts.ownedAfter() ? blockCount : 0;
                latestBirth = Math.max(latestBirth, birth);
            }
        });
        inspection.dead(facts.id(), new DeadVisitor() {
            @Override
            public void blocks(long physicalBlock, long blockCount, long birth) {
                addDead(physicalBlock, blockCount, birth);
            }

            @Override
            public void node(long nodeId, long birth) {
                addDeadNode(nodeId, birth);
            }
        });
    }

    void addDead(long physicalBlock, long blockCount, long birth) {
        deadBlocks.add(physicalBlock, blockCount, 0, birth);
        latestDeadBirth = Math.max(latestDeadBirth, birth);
    }

    void addDeadNode(long nodeId, long birth) {
        deadNodes.add(nodeId);
        deadNodeBirths.put(nodeId, birth);
        latestDeadBirth = Math.max(latestDeadBirth, birth);
    }

    /** What it maps. Key = physical block; sorted, each block once. */
    Runs byPhysicalBlock() {
        Runs physical = new Runs();
        for (int i = 0; i < mapped.size(); i++) {
            physical.add(mapped.value(i), mapped.count(i), 0, mapped.birth(i));
        }
        return physical.sortByKey().removeRepeated();
    }

    /** Physical blocks this version maps where {@code other} maps something else, or nothing; sorted. */
    Runs notMappedAlikeBy(VersionImage other) {
        Runs different = new Runs();
        int at = 0;
        for (int i = 0; i < mapped.size(); i++) {
            long block = mapped.key(i);
            while (block < mapped.end(i)) {
                while (at < other.mapped.size() && other.mapped.end(at) <= block) {
                    at++;
                }
                boolean covered = at < other.mapped.size() && other.mapped.key(at) <= block;
                long stop = at >= other.mapped.size()
                        ? mapped.end(i)
                        : Math.min(mapped.end(i), covered ? other.mapped.end(at) : other.mapped.key(at));
                long physical = mapped.value(i) + block - mapped.key(i);
                if (!covered || other.mapped.value(at) + block - other.mapped.key(at) != physical) {
                    different.add(physical, stop - block, 0, mapped.birth(i));
                }
                block = stop;
            }
        }
        return different.sortByKey();
    }
}
