package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentRun;
import java.util.List;
import java.util.function.Consumer;

/**
 * Fills an empty pool with what a dump holds, while it is read. Each version is compared, extent by extent, with the tree of its
 * parent, which is in the new pool already: of neither more than a part is in memory. Nothing of it counts until the caller writes
 * the first superblock.
 */
final class PoolRestore implements DumpSource.VersionVisitor {

    private final DumpSource dump;
    private final Engine engine;
    private final ExtentBudget budget;
    private final NewVersions trees;
    private final Consumer<String> progress;
    private final FreeSpace owned; // blocks that a version read so far owns
    private Version version;
    private ExtentWindow above;
    private long at; // everything before is what the version maps
    private int volumes;
    private int snapshots;

    PoolRestore(DumpSource dump, Engine engine, ExtentBudget budget, Consumer<String> progress) {
        this.dump = dump;
        this.engine = engine;
        this.budget = budget;
        this.trees = new NewVersions(engine);
        this.owned = new FreeSpace(engine.freeSpace.blockCount());
        this.progress = progress;
    }

    /** Reads the whole dump. What the trees do not take, or what a repair would call a loss, is a dump that nobody wrote. */
    RepairReport run() {
        try {
            dump.readVersions(engine.catalogue, this);
            List<Loss> losses = trees.finish(dump.epoch(), dump.nextVersionId());
            if (!losses.isEmpty()) {
                throw new BlockSpaceException(Code.NEEDS_CHECK, "dump contradicts itself: " + losses.getFirst());
            }
        } catch (IllegalArgumentException | IllegalStateException impossible) {
            throw new BlockSpaceException(
                    Code.NEEDS_CHECK, "dump contradicts itself: " + impossible.getMessage(), impossible);
        }
        long blocks = dump.copyData(engine.data, progress);
        return new RepairReport(List.of(), volumes, snapshots, Geometry.toBytes(blocks));
    }

    @Override
    public void begin(Version made, Version parent) {
        trees.add(made, parent);
        version = made;
        at = 0;
        above = parent == null ? null : new ExtentWindow(engine.tree, parent.root, parent.sizeBlocks(), budget);
        snapshots += made.isSnapshot() ? 1 : 0;
        volumes += made.isVisible() && made.isHead() ? 1 : 0;
    }

    @Override
    public void extent(long start, long count, long physical, long birth, int state) {
        punch(start);
        if (birth > version.ownedAfter()) {
            requireOnlyOwner(start, count, physical);
            trees.replace(version, start, count, physical, state, birth);
        } else {
            requireShared(start, count, physical, state);
        }
        version.mappedBlocks += count;
        at = start + count;
    }

    @Override
    public void end() {
        if (above != null) {
            punch(version.parent.sizeBlocks());
        }
    }

    /** Up to there it maps nothing. */
    private void punch(long end) {
        if (above != null) {
            above.forEach(
                    at,
                    end,
                    (start, count, physical, birth, state) ->
                            trees.replace(version, start, count, 0, ExtentRun.NONE, version.ownedAfter() + 1));
        }
    }

    /** With this, and what is shared being the parent's, no block has two places or two births. */
    private void requireOnlyOwner(long start, long count, long physical) {
        for (long block = physical; block < physical + count; block++) {
            if (owned.isUsed(block)) {
                throw dump.damaged("reason=block is mapped from two places, physical=" + block + ", version="
                        + version.id + ", block=" + (start + block - physical));
            }
        }
        owned.markHeld(physical, count);
    }

    /** What is born before the freeze of the parent is the parent's. */
    private void requireShared(long first, long count, long expected, int expectedState) {
        long[] shared = new long[1];
        if (above != null) {
            above.forEach(first, first + count, (start, length, physical, birth, state) -> {
                if (physical - start == expected - first && state == expectedState) {
                    shared[0] += length;
                }
            });
        }
        if (shared[0] != count) {
            throw dump.damaged("reason=version does not share what its parent maps, version=" + version.id + ", block="
                    + first + ", count=" + count);
        }
    }
}
