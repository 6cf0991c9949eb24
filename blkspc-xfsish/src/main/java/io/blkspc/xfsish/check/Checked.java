package io.blkspc.xfsish.check;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the parts of one check share: the blocks as a mount would see them, and what was found so far. One thread. */
final class Checked {

    /** Nobody reads more than this many lines. */
    private static final int MAX_FINDINGS = 1000;

    final Superblock superblock;
    final TreeMap<Long, InodeFields> inodes = new TreeMap<>();
    final List<String> findings;
    private final SpaceIo io;
    private final SortedMap<Long, MemorySegment> images;
    private final BitSet used = new BitSet();

    Checked(SpaceIo io, Superblock superblock, SortedMap<Long, MemorySegment> images, List<String> findings) {
        this.io = io;
        this.superblock = superblock;
        this.images = images;
        this.findings = findings;
    }

    static MemorySegment read(SpaceIo io, long block) {
        MemorySegment bytes = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        io.read(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, bytes, 0);
        return bytes;
    }

    /** The bytes of a block, after a replay. */
    MemorySegment block(long block) {
        MemorySegment image = images.get(block);
        return image != null ? image : read(io, block);
    }

    void found(String finding) {
        if (findings.size() < MAX_FINDINGS) {
            findings.add(finding);
        }
    }

    /** Runs a part; damage that it meets is a finding. */
    boolean attempt(Runnable part) {
        try {
            part.run();
            return true;
        } catch (BlockSpaceException damage) {
            found(damage.getMessage());
            return false;
        }
    }

    /** Notes that blocks are in use; twice is a finding. */
    void use(long block, long count, String owner) {
        if (block < 0 || count < 0 || block + count > superblock.blockCount()) {
            found("blocks are outside the file system: block=" + block + ", count=" + count + ", owner=" + owner);
            return;
        }
        for (long i = block; i < block + count; i++) {
            if (used.get((int) i)) {
                found("block is used twice: block=" + i + ", second owner=" + owner);
            }
            used.set((int) i);
        }
    }

    boolean isUsed(long block) {
        return used.get((int) block);
    }

    long usedBlocks() {
        return used.cardinality();
    }
}
