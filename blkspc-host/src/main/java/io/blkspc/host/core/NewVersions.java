package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.extent.ExtentRun;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the versions of a new pool, parents before their children, each as the difference to its parent. Deadlists, counters and the
 * free map follow from what is mapped. One thread, before anybody else has the pool.
 */
final class NewVersions {

    private final Engine engine;
    private final Drops drops;

    NewVersions(Engine engine) {
        this.engine = engine;
        this.drops = new Drops(engine.catalogue, engine.cache, null, null, null);
    }

    /** Adds a version whose parent, if it has one, was made before; it maps what that maps. */
    void add(Version made, Version parent) {
        if (parent != null) {
            made.parent = parent;
            made.parent.children.add(made);
            made.root = parent.root;
        }
        engine.catalogue.add(made);
    }

    /** The last version added maps something else in a range; {@link ExtentRun#NONE}: nothing. */
    void replace(Version made, long start, long count, long physical, int state, long birth) {
        drops.begin(made, 0, null);
        if (state != ExtentRun.NONE) {
            made.exclusiveBlocks += count;
        }
        made.root = engine.tree.replace(made.root, start, count, physical, state, birth, made.ownedAfter(), drops);
    }

    /**
     * After the last version: counts what is used and promises what is guaranteed.
     *
     * @return guarantees that are not covered any more and were given up
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when the pool is too small for them all
     */
    List<Loss> finish(long epoch, long nextVersionId) {
        Catalogue to = engine.catalogue;
        to.epoch = epoch;
        to.restoreIds(Math.max(nextVersionId, to.nextVersionId()), to.nextNodeId(), to.nextChunkId());
        to.reaping.rebuild();
        long slots = new Reachable(to, engine.tree, engine.freeSpace).mark();
        PoolReading.countUse(to, engine.freeSpace, engine.ledger, slots, false);
        List<Loss> given = new ArrayList<>();
        for (Version version : to.versions()) {
            if (version.quota != null && !version.quota.isCovered()) {
                given.add(new Loss(version.name, 0, 0, "guarantee is not covered any more and was given up"));
                version.quota.close();
                version.quota = null;
                version.guaranteeBlocks = 0;
            }
        }
        if (!engine.ledger.isConsistent()) {
            throw new BlockSpaceException(Code.OUT_OF_BACKING, "new pool is too small: " + engine.ledger);
        }
        return given;
    }
}
