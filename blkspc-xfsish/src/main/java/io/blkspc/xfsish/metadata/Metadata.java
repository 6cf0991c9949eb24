package io.blkspc.xfsish.metadata;

import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * The metadata of a mounted file system: what the running transaction sees, and which blocks changed. Guarded by the lock of
 * the file system.
 *
 * <pre>
 *  a block's way      who takes it                                            where its newest bytes are
 *  changed            {@link #change}, {@link #create}                        in memory, pinned
 *  logged             {@link #logged}, after the record is durable            in memory, pinned, and in the log
 *  in place           {@link #unpin}, then write-back of the subvolume       where it belongs
 * </pre>
 */
public final class Metadata {

    private final Subvolume subvolume;
    private final MemorySegment scratch = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    private final TreeSet<Long> changed = new TreeSet<>();
    private final TreeSet<Long> logged = new TreeSet<>();
    private final List<Long> unneeded = new ArrayList<>();
    private Superblock superblock;
    private Transaction running;

    /** The metadata of the file system with this superblock. */
    public Metadata(Subvolume subvolume, Superblock superblock) {
        this.subvolume = subvolume;
        this.superblock = superblock;
    }

    /** What mkfs and later {@link #superblock(Superblock)} said. */
    public Superblock superblock() {
        return superblock;
    }

    /** Changes the superblock, in the running transaction. */
    public void superblock(Superblock newer) {
        newer.write(change(Superblock.ADDRESS));
        superblock = newer;
    }

    /** From now on until {@link #end} changes belong to this transaction. */
    public void run(Transaction transaction) {
        running = transaction;
    }

    /** The running transaction. */
    public Transaction running() {
        return running;
    }

    /** The transaction was committed. */
    public void end() {
        running = null;
        for (long block : unneeded) {
            changed.remove(block);
            logged.remove(block);
            subvolume.pinned().forget(block);
        }
        unneeded.clear();
    }

    /** {@code true} after a failure or the end: what is remembered of blocks may not be true any more. */
    public boolean isShutDown() {
        return subvolume.isShutDown();
    }

    /** The newest bytes of a block, not verified, to look at until the next call of anything here. */
    public MemorySegment view(long block) {
        MemorySegment held = running == null ? null : running.held(block);
        if (held != null) {
            return held;
        }
        subvolume.read(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, scratch, 0);
        return scratch;
    }

    /** The bytes of a block, to change until the transaction ends. The caller seals the structure. */
    public MemorySegment change(long block) {
        MemorySegment memory = running.changePinned(block, false);
        changed.add(block);
        return memory;
    }

    /** As {@link #change}, for a new block: zeros. */
    public MemorySegment create(long block) {
        MemorySegment memory = running.changePinned(block, true);
        changed.add(block);
        unneeded.remove(block);
        return memory;
    }

    /** After the transaction, the content of this block means nothing any more; data blocks as well. */
    public void forget(long block) {
        unneeded.add(block);
    }

    /** Blocks that changed since the last record of the log, ascending. */
    public long[] changed() {
        return changed.stream().mapToLong(Long::longValue).toArray();
    }

    /** Their number. */
    public int changedCount() {
        return changed.size();
    }

    /** What changed is in the log now, durably. */
    public void logged() {
        logged.addAll(changed);
        changed.clear();
    }

    /** Lets write-back have everything that was logged. Nothing may have changed since. */
    public void unpin() {
        if (!changed.isEmpty()) {
            throw new IllegalStateException("changed blocks are not in the log: count=" + changed.size());
        }
        logged.forEach(subvolume.pinned()::unpin);
        logged.clear();
    }
}
