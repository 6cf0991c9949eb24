package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.host.checkpoint.SegmentLayout;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.journal.Superblock;

/**
 * The sizes a pool is created with. What is promised (data blocks, node slots, log bytes) and what backs it (data, map,
 * journal, segment area) follow from each other, so that a promise can always be kept.
 *
 * @param dataBytes capacity for data, a multiple of 4096
 * @param maxNodes node slots
 * @param journalBytes size of the journal
 * @param segmentBytes size of one checkpoint segment
 */
public record PoolGeometry(long dataBytes, long maxNodes, long journalBytes, int segmentBytes) {

    /** Smallest pool. */
    public static final long MIN_DATA_BYTES = 1 << 20;

    /** Largest pool of this version: its free map is held in memory. */
    public static final long MAX_DATA_BYTES = 1L << 46;

    /** Enough for each block to be dropped singly by a guaranteed clone: 16 bytes for every block, slop not counted. */
    private static final int LOG_BYTES_PER_NODE = 1536;

    private static final long MIN_LOG_BYTES = 256 << 10;
    private static final int BLOCKS_PER_NODE = 64;
    private static final long BASE_NODES = 2048;
    private static final long MIN_JOURNAL = 4 << 20;
    private static final long MAX_JOURNAL = 64 << 20;
    private static final int DATA_PER_JOURNAL = 32;
    private static final int DEFAULT_SEGMENT = 1 << 20;
    private static final int SMALL_SEGMENT = 128 << 10;
    private static final long SMALL_POOL_NODES = 4096;

    /** Checks the ranges. */
    public PoolGeometry {
        if (dataBytes < MIN_DATA_BYTES || dataBytes > MAX_DATA_BYTES || !Geometry.isBlockAligned(dataBytes)) {
            throw new IllegalArgumentException("pool size is not a multiple of 4096 from 1M to 64T: size=" + dataBytes);
        }
        if (maxNodes < 16) {
            throw new IllegalArgumentException("metadata size is too small: nodes=" + maxNodes);
        }
    }

    /**
     * What fits a data size.
     *
     * @param metadataBytes wished size of all metadata, 0 = one node slot for every 64 blocks and 2,048 more
     */
    public static PoolGeometry of(long dataBytes, long metadataBytes) {
        long nodes = metadataBytes == 0
                ? dataBytes / Geometry.BLOCK_BYTES / BLOCKS_PER_NODE + BASE_NODES
                : metadataBytes / bytesPerNode();
        long journal = Math.clamp(dataBytes / DATA_PER_JOURNAL, MIN_JOURNAL, MAX_JOURNAL) & -4096L;
        return new PoolGeometry(dataBytes, nodes, journal, nodes <= SMALL_POOL_NODES ? SMALL_SEGMENT : DEFAULT_SEGMENT);
    }

    static PoolGeometry of(Superblock superblock) {
        return new PoolGeometry(
                superblock.dataBytes(), superblock.maxNodes(), superblock.journalBytes(), superblock.segmentBytes());
    }

    private static long bytesPerNode() {
        return NodeFormat.BYTES + 2L * (SegmentLayout.charge(NodeFormat.BYTES) + LOG_BYTES_PER_NODE);
    }

    /**
     * The same pool with more data, and with as many more node slots as the default has for what is added. Journal and segment
     * size stay.
     *
     * @throws IllegalArgumentException when it is no size, or smaller
     */
    PoolGeometry grownTo(long newDataBytes) {
        if (newDataBytes < dataBytes) {
            throw new IllegalArgumentException(
                    "a pool cannot be made smaller: size=" + dataBytes + ", wanted=" + newDataBytes);
        }
        long added = (newDataBytes - dataBytes) / Geometry.BLOCK_BYTES;
        return new PoolGeometry(
                newDataBytes, maxNodes + Math.ceilDiv(added, BLOCKS_PER_NODE), journalBytes, segmentBytes);
    }

    /** Blocks of data. */
    public long dataBlocks() {
        return dataBytes >>> Geometry.BLOCK_SHIFT;
    }

    /** Bytes for deadlists and version records. */
    public long logBytes() {
        return Math.max(MIN_LOG_BYTES, maxNodes * LOG_BYTES_PER_NODE);
    }

    /** Size of the segment area: everything promised can be stored, and all of it rewritten in one checkpoint. */
    public long segmentAreaBytes() {
        return SegmentLayout.areaBytes(checkpointBytes(), segmentBytes);
    }

    /** Charge of the objects of a checkpoint when everything promised is used. */
    long checkpointBytes() {
        long chunkCharge = SegmentLayout.charge(DeadList.MAX_IMAGE_BYTES);
        long chunkEntries = (long) DeadList.CHUNK_ENTRIES * DeadList.ENTRY_BYTES;
        long log = logBytes() / chunkEntries * chunkCharge + chunkCharge;
        long freeMap =
                Math.ceilDiv(dataBlocks(), FreeMapImage.PAGE_BLOCKS) * SegmentLayout.charge(FreeMapImage.PAGE_BYTES);
        return maxNodes * SegmentLayout.charge(NodeFormat.BYTES) + log + freeMap + SegmentLayout.MIN_CHARGE;
    }

    /** Node slots kept back for work that gives space back. */
    long slopNodes() {
        return Math.min(256, maxNodes / 8);
    }

    /** Log bytes kept back for work that gives space back. */
    long slopLogBytes() {
        return logBytes() / 4;
    }
}
