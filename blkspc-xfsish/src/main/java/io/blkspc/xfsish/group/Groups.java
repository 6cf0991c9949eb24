package io.blkspc.xfsish.group;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.xfsish.metadata.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * All allocation groups, and the blocks on their way back. A freed block is used again only when nothing can need its bytes
 * any more: a data block when the record that freed it is durable, a metadata block when in addition no replay can write
 * its old image over it. Only then it is discarded. Guarded by the lock of the file system.
 */
public final class Groups {

    private final Metadata metadata;
    private final Group[] groups;
    private final List<Run> freedData = new ArrayList<>();
    private final List<Run> freedMetadata = new ArrayList<>();
    private long free;
    private long waiting;

    /** Reads the header of every group. */
    public Groups(Metadata metadata) {
        this.metadata = metadata;
        groups = new Group[metadata.superblock().groupCount()];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = new Group(metadata, i);
            free += groups[i].header().freeBlocks();
        }
    }

    /** Number of groups. */
    public int count() {
        return groups.length;
    }

    /** Blocks not in use, those on their way back included. */
    public long freeBlocks() {
        return free;
    }

    /** Blocks that can be given out now, as far as the limit of usable blocks allows. */
    public long availableBlocks() {
        long used = metadata.superblock().blockCount() - free;
        return Math.max(0, Math.min(free - waiting, metadata.superblock().usableBlocks() - used - waiting));
    }

    /** {@code true} when freed blocks wait. */
    public boolean hasWaiting() {
        return waiting > 0;
    }

    /** Group of a block. */
    public int groupOf(long block) {
        return (int) (block / metadata.superblock().groupBlocks());
    }

    private Group group(long block) {
        return groups[groupOf(block)];
    }

    /** Group with the most free blocks, for a new directory. */
    public int emptiest() {
        int best = 0;
        for (int i = 1; i < groups.length; i++) {
            best = groups[i].header().freeBlocks() > groups[best].header().freeBlocks() ? i : best;
        }
        return best;
    }

    /** First block of a group. */
    public long startOf(int group) {
        return (long) group * metadata.superblock().groupBlocks();
    }

    /**
     * Takes a run of at most {@code wanted} blocks, as near to the goal as it can.
     *
     * @throws IllegalStateException when there is none: the caller has looked at {@link #availableBlocks}
     */
    public Run allocate(long goal, int wanted) {
        int first = groupOf(goal);
        for (int i = 0; i < groups.length; i++) {
            Run run = groups[(first + i) % groups.length].allocate(goal, wanted);
            if (run != null) {
                free -= run.count();
                return run;
            }
        }
        throw new IllegalStateException("no free block, but one was reserved: free=" + free + ", waiting=" + waiting);
    }

    /** Frees blocks of one group. Their buffers are forgotten when the transaction ends. */
    public void free(long block, int count, boolean isMetadata) {
        group(block).free(block, count);
        (isMetadata ? freedMetadata : freedData).add(new Run(block, count));
        free += count;
        waiting += count;
        for (int i = 0; i < count; i++) {
            metadata.forget(block + i);
        }
    }

    /** The record that freed them is durable: data blocks go back; with {@code all} everything was put in place as well. */
    public void release(boolean all, Consumer<Run> discard) {
        release(freedData, discard);
        if (all) {
            release(freedMetadata, discard);
        }
    }

    private void release(List<Run> runs, Consumer<Run> discard) {
        List<Run> kept = new ArrayList<>();
        for (Run run : runs) {
            try {
                discard.accept(run);
                group(run.block()).release(run.block(), run.count());
                waiting -= run.count();
            } catch (BlockSpaceException refused) {
                boolean mayPass = switch (refused.code()) {
                    case BUSY, OUT_OF_BACKING, IO ->
                        true; // a stage that a failed write left; no room to note it; its map
                    default -> false;
                };
                if (!mayPass) {
                    throw refused;
                }
                kept.add(run); // once more after the next record
            }
        }
        runs.clear();
        runs.addAll(kept);
    }

    /** Discards every free block: after a crash nobody knows which discards happened. */
    public void discardFree(Consumer<Run> discard) {
        visitAvailable(discard);
    }

    /** Shows the runs of blocks that can be given out now, whatever the limit of usable blocks. */
    public void visitAvailable(Consumer<Run> visitor) {
        for (Group group : groups) {
            group.visitAvailable(visitor);
        }
    }

    /** A block with a free inode, in this group if it has one or could make one; -1 when a block has to become one. */
    public long blockWithFreeInode(int group) {
        return groups[group].blockWithFreeInode();
    }

    /** A block has become one of {@code inodes} free inodes. */
    public void addInodeBlock(long block, int inodes) {
        group(block).addInodeBlock(block, inodes);
    }

    /** An inode was taken or given back. */
    public void countInode(long block, boolean isTaken, boolean isFirstOrLast) {
        group(block).countInode(block, isTaken, isFirstOrLast);
    }

    /** Counts inodes without a name that are still to be removed. */
    public void countUnlinked(long block, int change) {
        group(block).countUnlinked(change);
    }

    /** Blocks that hold inodes. */
    public long inodeBlocks() {
        long blocks = 0;
        for (Group group : groups) {
            blocks += group.header().inodeBlocks();
        }
        return blocks;
    }

    /** Inodes in use. */
    public long usedInodes() {
        long used = 0;
        for (Group group : groups) {
            used += group.header().inodeBlocks() * 8L - group.header().freeInodes();
        }
        return used;
    }

    /** Blocks of inodes in groups that have some to be removed. */
    public List<Long> blocksWithUnlinked() {
        List<Long> blocks = new ArrayList<>();
        for (Group group : groups) {
            if (group.header().unlinked() > 0) {
                for (long block : group.inodeBlocks()) {
                    blocks.add(block);
                }
            }
        }
        return blocks;
    }
}
