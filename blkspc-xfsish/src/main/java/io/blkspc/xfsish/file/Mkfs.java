package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.SubvolumeConfig;
import io.blkspc.xfsish.format.BitmapBlock;
import io.blkspc.xfsish.format.BlockHeader;
import io.blkspc.xfsish.format.BlockKind;
import io.blkspc.xfsish.format.GroupHeader;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import io.blkspc.xfsish.format.LogRecord;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/** Makes an empty file system. The superblock comes last: before it there is none. */
public final class Mkfs {

    private static final int BATCH = 64;

    /** How much of a volume is looked at, at either end, before it is taken for empty. */
    private static final long LOOK_BYTES = 1 << 20;

    private static final int MAX_GROUP_BLOCKS = 16_384;
    private static final int MAX_LOG_BLOCKS = 1024;

    /** Smallest space, in blocks. */
    public static final int MIN_BLOCKS = 256;

    /**
     * What to make.
     *
     * @param uuid identity
     * @param now nanoseconds since 1970-01-01 UTC
     * @param usableBlocks limit of blocks in use; 0 = all
     * @param groupBlocks blocks of a group; 0 = chosen by size
     * @param force also where there is a file system, or something else
     */
    public record Spec(UUID uuid, long now, long usableBlocks, int groupBlocks, boolean force) {

        /** The usual one. */
        public static Spec of(UUID uuid, long now) {
            return new Spec(uuid, now, 0, 0, false);
        }
    }

    private final Subvolume subvolume;
    private final Superblock superblock;
    private final Spec spec;

    private Mkfs(Subvolume subvolume, Superblock superblock, Spec spec) {
        this.subvolume = subvolume;
        this.superblock = superblock;
        this.spec = spec;
    }

    /**
     * Makes a file system in a space; durable on return.
     *
     * @throws BlockSpaceException {@code EXISTS} when the first or last MiB is not all zeros, where every
     *     file system and volume manager leaves a trace; {@code OUT_OF_SPACE}; {@code LIMIT} when the space is too small, or the limit below what an empty file system uses
     */
    public static void run(BlockSpace space, Spec spec) {
        Superblock superblock = layout(Geometry.toBlocks(space.sizeBytes()), spec);
        try (Subvolume subvolume = Subvolume.open(space, new SubvolumeConfig(2 * BATCH, BATCH))) {
            if (!spec.force()) {
                requireZeros(space, subvolume, 0, Math.min(LOOK_BYTES, space.sizeBytes()));
                requireZeros(space, subvolume, Math.max(0, space.sizeBytes() - LOOK_BYTES), space.sizeBytes());
            }
        }
        space.discard(0, space.sizeBytes());
        try (Subvolume subvolume = Subvolume.open(space, new SubvolumeConfig(2 * BATCH, BATCH))) {
            new Mkfs(subvolume, superblock, spec).write();
        }
    }

    private static void requireZeros(BlockSpace space, Subvolume subvolume, long from, long end) {
        MemorySegment zeros = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES);
        MemorySegment block = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES);
        for (long at = from; at < end; at += Geometry.BLOCK_BYTES) {
            subvolume.read(at, Geometry.BLOCK_BYTES, block, 0);
            if (block.mismatch(zeros) >= 0) {
                throw new BlockSpaceException(
                        Code.EXISTS, "the volume is not empty: name=" + space.name() + ", offset=" + at);
            }
        }
    }

    private static Superblock layout(long spaceBlocks, Spec spec) {
        if (spaceBlocks < MIN_BLOCKS) {
            throw new BlockSpaceException(
                    Code.LIMIT, "too small for a file system: blocks=" + spaceBlocks + ", least=" + MIN_BLOCKS);
        }
        int log = Math.clamp(spaceBlocks / 16, Superblock.MIN_LOG_BLOCKS, MAX_LOG_BLOCKS);
        long chosen = spec.groupBlocks() > 0 ? spec.groupBlocks() : Math.min(MAX_GROUP_BLOCKS, spaceBlocks / 4);
        int group = (int) Math.clamp(chosen, Math.min(spaceBlocks, log + 32L), BitmapBlock.BITS);
        long tail = spaceBlocks % group;
        long count = tail > 0 && tail < Superblock.MIN_GROUP_BLOCKS ? spaceBlocks - tail : spaceBlocks;
        long logStart = GroupHeader.firstDataBlock(0, group);
        long usable = spec.usableBlocks() > 0 ? Math.min(spec.usableBlocks(), count) : count;
        long root = (logStart + log) * InodeRecord.PER_BLOCK;
        Superblock layout = new Superblock(spec.uuid(), group, count, logStart, log, root, usable, spec.now());
        long used = (long) layout.groupCount() * GroupHeader.METADATA_BLOCKS + log + 2; // superblock and root
        if (usable < used) {
            throw new BlockSpaceException(
                    Code.LIMIT,
                    "limit is below what an empty file system uses: usable=" + Geometry.toBytes(usable) + ", used="
                            + Geometry.toBytes(used));
        }
        return layout;
    }

    private void write() {
        long zero = superblock.logStart();
        for (int at = 0; at < superblock.logBlocks(); at += BATCH) {
            int count = Math.min(BATCH, superblock.logBlocks() - at);
            try (Transaction transaction = subvolume.begin(count)) {
                for (int i = 0; i < count; i++) {
                    transaction.overwrite(zero + at + i);
                }
                transaction.commit();
            }
        }
        for (int group = 0; group < superblock.groupCount(); group++) {
            try (Transaction transaction = subvolume.begin(GroupHeader.METADATA_BLOCKS)) {
                writeGroup(transaction, group);
                transaction.commit();
            }
        }
        try (Transaction transaction = subvolume.begin(2)) {
            writeRoot(transaction.overwrite(InodeRecord.block(superblock.rootInode())));
            new LogRecord(superblock.logStart(), 1, 1, 0, new long[0])
                    .write(transaction.overwrite(superblock.logStart()), superblock.uuid());
            transaction.commit();
        }
        subvolume.sync();
        try (Transaction transaction = subvolume.begin(1)) {
            superblock.write(transaction.overwrite(Superblock.ADDRESS));
            transaction.commit();
        }
        subvolume.sync();
    }

    private void writeGroup(Transaction transaction, int group) {
        int groupBlocks = superblock.groupBlocks();
        long start = (long) group * groupBlocks;
        int blocks = (int) Math.min(groupBlocks, superblock.blockCount() - start);
        int used = (int) (GroupHeader.firstDataBlock(group, groupBlocks) - start);
        int inodeBlock = -1;
        if (group == 0) {
            inodeBlock = (int) InodeRecord.block(superblock.rootInode());
            used = inodeBlock + 1; // the log lies between
        }
        for (BlockKind kind :
                new BlockKind[] {BlockKind.BLOCK_BITMAP, BlockKind.INODE_BITMAP, BlockKind.FREE_INODE_BITMAP}) {
            long address = BitmapBlock.address(kind, group, groupBlocks);
            MemorySegment block = transaction.overwrite(address);
            BlockHeader.write(block, kind, address, superblock.uuid(), group);
            for (int i = 0; kind == BlockKind.BLOCK_BITMAP && i < used; i++) {
                BitmapBlock.set(block, i, true);
            }
            if (kind != BlockKind.BLOCK_BITMAP && inodeBlock >= 0) {
                BitmapBlock.set(block, inodeBlock, true);
            }
            BlockHeader.seal(block);
        }
        new GroupHeader(group, blocks, blocks - used, group == 0 ? 1 : 0, group == 0 ? InodeRecord.PER_BLOCK - 1 : 0, 0)
                .write(transaction.overwrite(GroupHeader.address(group, groupBlocks)), superblock.uuid(), groupBlocks);
    }

    private void writeRoot(MemorySegment block) {
        for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
            long number = superblock.rootInode() + i;
            InodeRecord.writeFree(InodeRecord.slice(block, number), number, superblock.uuid(), 0);
        }
        InodeFields root = new InodeFields();
        root.generation = 1;
        root.mode = InodeFields.DIRECTORY | 0755;
        root.links = 2;
        root.parent = superblock.rootInode();
        root.accessed = spec.now();
        root.modified = spec.now();
        root.changed = spec.now();
        root.write(InodeRecord.slice(block, superblock.rootInode()), superblock.rootInode(), superblock.uuid());
    }
}
