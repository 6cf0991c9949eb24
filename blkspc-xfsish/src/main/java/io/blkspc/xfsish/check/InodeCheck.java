package io.blkspc.xfsish.check;

import io.blkspc.api.Geometry;
import io.blkspc.xfsish.format.AttributeBlock;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.ExtentBlock;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import java.util.ArrayList;
import java.util.List;

/** The blocks of one inode: its extents, leaves and attributes, and whether they add up. */
final class InodeCheck {

    private final Checked checked;
    private final long number;
    private final InodeFields fields;
    private final List<Extent> extents = new ArrayList<>();
    private long blocks;

    InodeCheck(Checked checked, long number, InodeFields fields) {
        this.checked = checked;
        this.number = number;
        this.fields = fields;
    }

    /** Checks it and returns its extents, ascending. */
    List<Extent> run() {
        if (fields.format == ForkFormat.EXTENTS) {
            extents.addAll(fields.extents);
        } else if (fields.format == ForkFormat.LEAVES) {
            checked.attempt(this::readLeaves);
        }
        long end = 0;
        for (Extent extent : extents) {
            checked.use(extent.block(), extent.count(), "inode " + number);
            blocks += extent.count();
            if (extent.fileBlock() < end) {
                found("extents overlap: fileBlock=" + extent.fileBlock());
            }
            end = extent.end();
        }
        if (fields.attributes != 0) {
            own(fields.attributes);
            checked.attempt(() -> AttributeBlock.read(
                    checked.block(fields.attributes), fields.attributes, checked.superblock.uuid(), number));
        }
        if (blocks != fields.blocks) {
            found("has another number of blocks than it says: says=" + fields.blocks + ", has=" + blocks);
        }
        checkSize();
        return extents;
    }

    private void readLeaves() {
        for (int i = 0; i < fields.leaves.size(); i++) {
            InodeFields.Leaf leaf = fields.leaves.get(i);
            own(leaf.block());
            if (leaf.block() >= checked.superblock.blockCount()) {
                continue;
            }
            List<Extent> held =
                    ExtentBlock.read(checked.block(leaf.block()), leaf.block(), checked.superblock.uuid(), number);
            boolean startsLow = i > 0 && held.getFirst().fileBlock() < leaf.fileBlock();
            boolean endsHigh = i + 1 < fields.leaves.size()
                    && held.getLast().end() > fields.leaves.get(i + 1).fileBlock();
            if (startsLow || endsHigh) {
                found("leaf holds what belongs to another: block=" + leaf.block());
            }
            extents.addAll(held);
        }
    }

    private void own(long block) {
        checked.use(block, 1, "inode " + number);
        blocks++;
    }

    private void checkSize() {
        long sizeBlocks = (fields.size + Geometry.BLOCK_BYTES - 1) / Geometry.BLOCK_BYTES;
        if (fields.type() == InodeFields.DIRECTORY) {
            long at = 0;
            for (Extent extent : extents) {
                at = extent.fileBlock() == at && !extent.isUnwritten() ? extent.end() : -1;
            }
            if (at != sizeBlocks || !Geometry.isBlockAligned(fields.size)) {
                found("directory has a hole, or another size: size=" + fields.size + ", blocks=" + at);
            }
        } else if (!extents.isEmpty()) {
            Extent last = extents.getLast();
            if (last.end() > sizeBlocks && !last.isUnwritten()) {
                found("has written blocks past its end: size=" + fields.size + ", last=" + last);
            }
        }
    }

    private void found(String what) {
        checked.found("inode " + number + " " + what);
    }
}
