package io.blkspc.xfsish.format;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Block 0: what the file system is. All of it but {@code usableBlocks} stays as mkfs wrote it.
 *
 * <pre>
 *  offset size field          meaning
 *       0   64 header         {@link BlockHeader}, owner 0
 *      64    4 version        {@value #VERSION}; a larger one is refused
 *      68    4 groupBlocks    blocks of a group, {@value #MIN_GROUP_BLOCKS} to {@value BitmapBlock#BITS}
 *      72    8 blockCount     blocks in all groups; the last group may be shorter
 *      80    8 logStart       first block of the log, in group 0
 *      88    4 logBlocks      blocks of the log
 *      92    4 zero
 *      96    8 rootInode      inode number of the root directory
 *     104    8 usableBlocks   limit: never more blocks in use than this, at most blockCount
 *     112    8 incompatible   feature bits: an unknown one is refused
 *     120    8 createdNanos   nanoseconds since 1970-01-01 UTC
 *     128 3968 zero
 * </pre>
 *
 * @param uuid identity
 * @param groupBlocks blocks of a group
 * @param blockCount blocks in all groups
 * @param logStart first block of the log
 * @param logBlocks blocks of the log
 * @param rootInode number of the root directory
 * @param usableBlocks limit of blocks in use
 * @param createdNanos when mkfs made it
 */
public record Superblock(
        UUID uuid,
        int groupBlocks,
        long blockCount,
        long logStart,
        int logBlocks,
        long rootInode,
        long usableBlocks,
        long createdNanos) {

    /** Where it is. */
    public static final long ADDRESS = 0;

    /** Format version this code reads and writes. */
    public static final int VERSION = 1;

    /** Smallest group, in blocks. */
    public static final int MIN_GROUP_BLOCKS = 16;

    /** Smallest log, in blocks. */
    public static final int MIN_LOG_BLOCKS = 130;

    static final int VERSION_OFFSET = BlockHeader.BYTES;
    static final int GROUP_BLOCKS_OFFSET = 68;
    static final int BLOCK_COUNT_OFFSET = 72;
    static final int LOG_START_OFFSET = 80;
    static final int LOG_BLOCKS_OFFSET = 88;
    static final int ZERO_OFFSET = 92;
    static final int ROOT_INODE_OFFSET = 96;
    static final int USABLE_BLOCKS_OFFSET = 104;
    static final int INCOMPATIBLE_OFFSET = 112;
    static final int CREATED_OFFSET = 120;
    static final int END_OFFSET = 128;

    /** The same with another limit. */
    public Superblock withUsableBlocks(long blocks) {
        return new Superblock(uuid, groupBlocks, blockCount, logStart, logBlocks, rootInode, blocks, createdNanos);
    }

    /** Number of groups. */
    public int groupCount() {
        return Math.toIntExact((blockCount + groupBlocks - 1) / groupBlocks);
    }

    /** Writes a whole block. */
    public void write(MemorySegment block) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.SUPERBLOCK, ADDRESS, uuid, 0);
        Bytes.u32(block, VERSION_OFFSET, VERSION);
        Bytes.u32(block, GROUP_BLOCKS_OFFSET, groupBlocks);
        Bytes.i64(block, BLOCK_COUNT_OFFSET, blockCount);
        Bytes.i64(block, LOG_START_OFFSET, logStart);
        Bytes.u32(block, LOG_BLOCKS_OFFSET, logBlocks);
        Bytes.i64(block, ROOT_INODE_OFFSET, rootInode);
        Bytes.i64(block, USABLE_BLOCKS_OFFSET, usableBlocks);
        Bytes.i64(block, CREATED_OFFSET, createdNanos);
        BlockHeader.seal(block);
    }

    /**
     * Reads and checks it.
     *
     * @param spaceBlocks blocks of the space it lies in
     * @throws BlockSpaceException {@code NOT_FOUND} when there is no file system at all; {@code CORRUPT}; {@code TOO_NEW}
     */
    public static Superblock read(MemorySegment block, long spaceBlocks) {
        if (!BlockHeader.is(block, BlockKind.SUPERBLOCK)) {
            if (Bytes.isZero(block, 0, Geometry.BLOCK_BYTES)) {
                throw new BlockSpaceException(Code.NOT_FOUND, "no xfsish file system: block 0 is empty");
            }
            throw BlockHeader.damaged(BlockKind.SUPERBLOCK, ADDRESS, "or the volume holds no xfsish file system");
        }
        UUID uuid = Bytes.uuid(block, BlockHeader.UUID_OFFSET);
        BlockHeader.verify(block, BlockKind.SUPERBLOCK, ADDRESS, uuid, 0);
        long version = Bytes.u32(block, VERSION_OFFSET);
        long features = Bytes.i64(block, INCOMPATIBLE_OFFSET);
        if (version > VERSION || features != 0) {
            throw new BlockSpaceException(
                    Code.TOO_NEW,
                    "file system is newer than this program: version=" + version + ", features=" + features);
        }
        Superblock read = new Superblock(
                uuid,
                Bytes.i32(block, GROUP_BLOCKS_OFFSET),
                Bytes.i64(block, BLOCK_COUNT_OFFSET),
                Bytes.i64(block, LOG_START_OFFSET),
                Bytes.i32(block, LOG_BLOCKS_OFFSET),
                Bytes.i64(block, ROOT_INODE_OFFSET),
                Bytes.i64(block, USABLE_BLOCKS_OFFSET),
                Bytes.i64(block, CREATED_OFFSET));
        boolean isZero = Bytes.u32(block, ZERO_OFFSET) == 0
                && Bytes.isZero(block, END_OFFSET, Geometry.BLOCK_BYTES - END_OFFSET);
        if (version != VERSION || !isZero || !read.isSound()) {
            throw BlockHeader.damaged(BlockKind.SUPERBLOCK, ADDRESS, "version=" + version + ", " + read);
        }
        if (read.blockCount > spaceBlocks) {
            throw new BlockSpaceException(
                    Code.CORRUPT,
                    "the volume is smaller than its file system: volume=" + Geometry.toBytes(spaceBlocks) + ", size="
                            + Geometry.toBytes(read.blockCount));
        }
        return read;
    }

    private boolean isSound() {
        return groupBlocks >= MIN_GROUP_BLOCKS
                && groupBlocks <= BitmapBlock.BITS
                && blockCount >= MIN_GROUP_BLOCKS
                && (blockCount % groupBlocks == 0 || blockCount % groupBlocks >= MIN_GROUP_BLOCKS)
                && logBlocks >= MIN_LOG_BLOCKS
                && logStart > GroupHeader.firstDataBlock(0, groupBlocks) - 1
                && logStart + logBlocks < Math.min(blockCount, groupBlocks)
                && usableBlocks >= 0
                && usableBlocks <= blockCount
                && InodeRecord.block(rootInode) > 0
                && InodeRecord.block(rootInode) < blockCount;
    }
}
