package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Fills an empty pool with what a {@link Salvage} found. Each block keeps its place, so what versions share stays shared and
 * everything fits. First the data, because what of it cannot be read decides what is mapped; then the trees, parents before
 * their children, each as the difference to its parent. Nothing of it counts until the caller writes the first superblock.
 */
final class PoolCopy {

    private static final int WINDOW_BLOCKS = 256;

    private final Salvage salvage;
    private final Engine engine;
    private final Consumer<String> progress;
    private final NewVersions trees;
    private final UnreadBlocks unread;
    private final List<Loss> losses;
    private final Transfer transfer = new Transfer();
    private final MemorySegment window =
            Arena.ofAuto().allocate(WINDOW_BLOCKS * (long) Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    private long copiedBlocks;
    private int lastPercent = -1;

    PoolCopy(Salvage salvage, Engine engine, Consumer<String> progress) {
        this.salvage = salvage;
        this.engine = engine;
        this.progress = progress;
        this.trees = new NewVersions(engine);
        this.unread = new UnreadBlocks(engine.freeSpace.blockCount(), salvage.reused());
        this.losses = new ArrayList<>(salvage.losses());
    }

    /** Copies everything. Data that cannot be read is left out of the maps. */
    RepairReport run() {
        copyData();
        salvage.versions().forEach(each -> each.leaveOut(unread));
        salvage.versions().reversed().forEach(SalvagedVersion::takeFromChildren);
        int snapshots = 0;
        int volumes = 0;
        for (SalvagedVersion each : salvage.versions()) {
            each.takeFromParent();
            build(each);
            snapshots += each.version.isSnapshot() ? 1 : 0;
            volumes += each.version.isVisible() && each.version.isHead() ? 1 : 0;
        }
        Catalogue from = salvage.catalogue();
        losses.addAll(trees.finish(from.epoch, from.nextVersionId()));
        return new RepairReport(List.copyOf(losses), volumes, snapshots, Geometry.toBytes(copiedBlocks));
    }

    // ---- data ----

    private void copyData() {
        FreeSpace wanted = new FreeSpace(engine.freeSpace.blockCount());
        for (SalvagedVersion each : salvage.versions()) {
            each.extents.forEach((start, count, physical, birth, state) -> {
                if (state == ExtentRun.WRITTEN) {
                    wanted.markHeld(physical, count);
                }
            });
        }
        long total = wanted.blockCount() - wanted.freeBlocks();
        for (long block = 0; block < wanted.blockCount(); ) {
            if ((block & 63) == 0 && wanted.word((int) (block >>> 6)) == 0) {
                block += 64;
                continue;
            }
            long end = block;
            while (end < wanted.blockCount()
                    && end - block < WINDOW_BLOCKS
                    && wanted.isUsed(end)
                    && !unread.isReused(end)) {
                end++;
            }
            copy(block, (int) (end - block));
            tell(total);
            block = Math.max(end, block + 1);
        }
    }

    private void copy(long block, int count) {
        if (count > 0 && !tryCopy(block, count)) {
            for (int i = 0; i < count; i++) {
                if (!tryCopy(block + i, 1)) {
                    unread.add(block + i);
                }
            }
        }
    }

    /** {@code false}: it cannot be read. A write that fails ends the repair. */
    private boolean tryCopy(long block, int count) {
        try {
            salvage.data().read(window(block, count), IoRole.DATA);
        } catch (BlockSpaceException unreadable) {
            return false;
        }
        engine.data.write(window(block, count), IoRole.DATA);
        copiedBlocks += count;
        return true;
    }

    private Transfer window(long block, int count) {
        return transfer.reset(Geometry.toBytes(block)).add(window, 0, Geometry.toBytes(count));
    }

    private void tell(long total) {
        int percent = total == 0 ? 100 : (int) (100 * copiedBlocks / total);
        if (percent != lastPercent) {
            lastPercent = percent;
            progress.accept("copied " + percent + "% of " + (Geometry.toBytes(total) >> 20) + "M");
        }
    }

    // ---- versions ----

    private void build(SalvagedVersion from) {
        Version source = from.version;
        Version made = new Version(source.id, source.uuid);
        made.name = source.name;
        made.freezeEpoch = source.freezeEpoch;
        made.sizeBytes = source.sizeBytes;
        made.tailBlocks = source.tailBlocks;
        made.holds.addAll(source.holds);
        made.createdMillis = source.createdMillis;
        made.originId = source.originId;
        made.guaranteeBlocks = source.guaranteeBlocks;
        made.limitBlocks = source.limitBlocks;
        trees.add(made, from.parent == null ? null : engine.catalogue.byId(from.parent.version.id));
        differ(made, from);
        made.mappedBlocks = from.extents.blocks();
        if (source.isVisible()) {
            report(from);
        }
    }

    /** Turns the tree of the parent into that of the version. */
    private void differ(Version made, SalvagedVersion from) {
        ExtentRuns above = from.parent == null ? new ExtentRuns() : from.parent.extents;
        long shared = from.sharedUpTo();
        above.forEach((start, count, physical, birth, state) -> from.extents.gaps(
                start,
                start + count,
                (gap, length) -> trees.replace(made, gap, length, 0, ExtentRun.NONE, shared + 1)));
        ExtentRuns kept = new ExtentRuns();
        from.extents.forEach((start, count, physical, birth, state) -> {
            if (birth > shared) {
                trees.replace(made, start, count, physical, state, birth);
                kept.add(start, count, physical, birth, state);
            } else {
                inherit(made, from, above, new Inherited(start, count, physical, birth, state), kept);
            }
        });
        from.extents = kept.sorted();
    }

    private record Inherited(long start, long count, long physical, long birth, int state) {}

    /** What is shared must be what the parent maps; anything else is damage that nothing else has shown. */
    private void inherit(Version made, SalvagedVersion from, ExtentRuns above, Inherited piece, ExtentRuns kept) {
        long end = piece.start + piece.count;
        String reason = "version does not share what its parent maps";
        above.within(piece.start, end, (start, count, physical, birth, state) -> {
            if (physical - start == piece.physical - piece.start && state == piece.state) {
                kept.add(start, count, physical, piece.birth, state);
            } else {
                trees.replace(made, start, count, 0, ExtentRun.NONE, from.sharedUpTo() + 1);
                from.gaps.add(new SalvagedVersion.Gap(start, count, piece.birth, reason));
            }
        });
        above.gaps(
                piece.start,
                end,
                (start, count) -> from.gaps.add(new SalvagedVersion.Gap(start, count, piece.birth, reason)));
    }

    private void report(SalvagedVersion from) {
        String name = from.version.name;
        ExtentRuns lost = new ExtentRuns();
        for (int i = 0; i < from.gaps.size(); i++) {
            SalvagedVersion.Gap gap = from.gaps.get(i);
            int reason = i;
            from.extents.gaps(gap.start(), gap.end(), (start, count) -> lost.add(start, count, 0, 0, reason));
        }
        lost.sorted()
                .forEach((start, count, physical, birth, reason) -> losses.add(new Loss(
                        name,
                        Geometry.toBytes(start),
                        Geometry.toBytes(count),
                        from.gaps.get(reason).reason())));
    }
}
