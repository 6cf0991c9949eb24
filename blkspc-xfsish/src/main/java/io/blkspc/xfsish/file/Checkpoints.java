package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
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
 *  5  now and then: metadata goes in place and is forced, the log restarts,    {@link Log#restart}
 *     and freed metadata blocks may be used again
 * </pre>
 *
 * Where the device has no room or fails a write, a step from 3 on stays begun, and no change is made until it is done.
 */
final class Checkpoints {

    /** What was begun and has to be finished. */
    private enum Step {
        NONE,
        RECORD,
        IN_PLACE,
        RESTART
    }

    private final Subvolume subvolume;
    private final Metadata metadata;
    private final Groups groups;
    private final Inodes inodes;
    private final Log log;
    private final Delayed delayed;
    private Reservations reservations;
    private boolean hasData;
    private Step unfinished = Step.NONE;

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
     * @throws BlockSpaceException {@code IO}, {@code OUT_OF_BACKING}, {@code BUSY}: nothing is lost, a later one goes on where
     *     this one stopped; any other failure ends the subvolume
     */
    void run(boolean isWhole) {
        finish();
        place();
        if (hasData) {
            subvolume.sync();
            hasData = false;
        }
        if (metadata.changedCount() > 0) {
            log.append(reservations.log(), metadata.changed());
            unfinished = Step.RECORD;
            finish();
        }
        if (isWhole && !log.isEmpty()) {
            metadata.unpin();
            unfinished = Step.IN_PLACE;
            finish();
        }
    }

    /**
     * Finishes what an earlier one could not, before anything changes again: so what it tries is the very same, paid for already,
     * and never half of it and half of something newer. Errors as {@link #run}.
     */
    void finish() {
        if (unfinished == Step.NONE) {
            return;
        }
        if (subvolume.isShutDown()) {
            throw new BlockSpaceException(Code.CLOSED, "subvolume was shut down before a checkpoint ended");
        }
        boolean goesOn = false;
        try {
            while (unfinished != Step.NONE) {
                unfinished = take(unfinished);
            }
            goesOn = true;
        } catch (BlockSpaceException refused) {
            goesOn = mayPass(refused);
            throw refused;
        } finally {
            if (!goesOn) {
                subvolume.shutDown(); // nobody knows what the log holds
            }
        }
    }

    /** {@code true} for what is over when the device works or has room again: what was not written is still dirty. */
    static boolean mayPass(BlockSpaceException refused) {
        return switch (refused.code()) {
            case IO, OUT_OF_BACKING, BUSY -> true;
            default -> false;
        };
    }

    /** Returns what comes after it. */
    private Step take(Step step) {
        switch (step) {
            case RECORD -> {
                log.force();
                metadata.logged();
                groups.release(false, this::discard);
                if (log.isFull()) {
                    metadata.unpin();
                    return Step.IN_PLACE;
                }
            }
            case IN_PLACE -> {
                subvolume.sync();
                log.restart(reservations.log());
                return Step.RESTART;
            }
            case RESTART -> {
                log.force();
                groups.release(true, this::discard);
            }
            case NONE -> {}
        }
        return Step.NONE;
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
