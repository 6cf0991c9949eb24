package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.group.Run;
import io.blkspc.xfsish.inode.Inode;
import io.blkspc.xfsish.inode.Inodes;
import io.blkspc.xfsish.log.Log;
import io.blkspc.xfsish.metadata.Metadata;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Takes everything that changed to the medium, as one moment between operations. Guarded by the lock of the file system.
 *
 * <pre>
 *  1  delayed blocks get their place: extents, bitmaps, inodes change          {@link #place}
 *  2  data is written back and forced: before a record that names it           Subvolume.sync
 *  3  one record with every changed metadata block, forced: the moment         {@link Log#append}
 *  4  data blocks freed before it are discarded and may be used again          {@link Groups#release}
 *  5  now and then: metadata goes in place and is forced, the log restarts,    {@link #putInPlace}
 *     and freed metadata blocks may be used again
 * </pre>
 */
final class Checkpoints {

    private final Subvolume subvolume;
    private final Metadata metadata;
    private final Groups groups;
    private final Inodes inodes;
    private final Log log;
    private final Delayed delayed;
    private Reservations reservations;
    private boolean hasData;

    Checkpoints(Subvolume subvolume, Metadata metadata, Groups groups, Inodes inodes, Log log, Delayed delayed) {
        this.subvolume = subvolume;
        this.metadata = metadata;
        this.groups = groups;
        this.inodes = inodes;
        this.log = log;
        this.delayed = delayed;
    }

    void reservations(Reservations all) {
        reservations = all;
    }

    /** Data blocks were changed since the last one. */
    void dataChanged() {
        hasData = true;
    }

    /** Sequence of the newest record. */
    long sequence() {
        return log.sequence();
    }

    /**
     * Everything done before survives power loss on return.
     *
     * @param isWhole also puts metadata in place, so that a mount has nothing to replay
     * @throws io.blkspc.api.BlockSpaceException {@code IO} of a data block: a later one tries again; any other failure ends
     *     the subvolume
     */
    void run(boolean isWhole) {
        place();
        if (hasData) {
            subvolume.sync();
            hasData = false;
        }
        boolean done = false;
        try {
            if (metadata.changedCount() > 0) {
                log.append(reservations.log(), metadata.changed());
                metadata.logged();
                groups.release(false, this::discard);
            }
            if (log.isFull() || (isWhole && !log.isEmpty())) {
                putInPlace();
            }
            done = true;
        } finally {
            if (!done) {
                subvolume.shutDown(); // nobody knows what the log holds
            }
        }
    }

    private void putInPlace() {
        metadata.unpin();
        subvolume.sync();
        log.restart(reservations.log());
        groups.release(true, this::discard);
    }

    private void discard(Run run) {
        BlockSpace space = subvolume.space();
        space.discard(run.block() << Geometry.BLOCK_SHIFT, (long) run.count() << Geometry.BLOCK_SHIFT);
    }

    private record Placed(long delayed, long block) {}

    private void place() {
        List<Inode> waiting = inodes.withDelayed();
        if (waiting.isEmpty()) {
            return;
        }
        int blocks = delayed.blocksToPlace();
        Cookie cookie = reservations.placing();
        List<Placed> placed = new ArrayList<>();
        try (Transaction transaction = subvolume.begin(cookie, blocks, blocks)) {
            metadata.run(transaction);
            for (Inode inode : waiting) {
                place(inode, placed);
                inodes.store(inode);
            }
            transaction.commit();
        } finally {
            metadata.end();
        }
        reservations.spentPlacing();
        placed.forEach(each -> subvolume.pinned().place(each.delayed(), each.block()));
        for (Inode inode : waiting) {
            delayed.update(inode);
        }
        hasData = true;
    }

    private void place(Inode inode, List<Placed> placed) {
        while (!inode.delayed().isEmpty()) {
            Map.Entry<Long, Long> first = inode.delayed().firstEntry();
            int wanted = 1;
            while (inode.delayed().containsKey(first.getKey() + wanted)) {
                wanted++;
            }
            Run run = groups.allocate(inode.goal(first.getKey()), wanted);
            inode.insert(new Extent(first.getKey(), run.block(), run.count(), false));
            inode.fields().blocks += run.count();
            for (int i = 0; i < run.count(); i++) {
                placed.add(new Placed(inode.delayed().remove(first.getKey() + i), run.block() + i));
            }
        }
    }
}
