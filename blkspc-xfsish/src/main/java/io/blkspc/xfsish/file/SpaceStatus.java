package io.blkspc.xfsish.file;

/**
 * Space of a file system, in blocks of 4096 bytes. Three numbers that differ: what the file system may use, what it has not
 * used yet, and what the pool would promise now.
 *
 * @param addressBlocks blocks of the address space
 * @param usableBlocks limit of blocks in use
 * @param freeBlocks of the limit, not in use and not spoken for by dirty data
 * @param grantedBlocks of these, what the host granted when it was asked just now: writing so much would succeed if nobody
 *     else took space meanwhile; on a volume with a standing guarantee nobody else can take that part
 * @param usedInodes files, directories and links
 */
public record SpaceStatus(
        long addressBlocks, long usableBlocks, long freeBlocks, long grantedBlocks, long usedInodes) {}
