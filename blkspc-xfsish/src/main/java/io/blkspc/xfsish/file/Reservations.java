package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.log.Log;
import io.blkspc.xfsish.metadata.Metadata;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.function.Supplier;

/**
 * Everything an operation will ever need, before it changes anything: room in the next record of the log, memory, blocks of
 * the file system, and space of the host. Only here anything runs out. Guarded by the lock of the file system.
 *
 * <pre>
 *  cookie       pays for                                                    reserved
 *  of its own   the blocks the operation changes                            by each operation
 *  log          the blocks of the next record, should they be shared         for the worst case of what changed so far
 *  placing      metadata changed when delayed blocks get their place         for the worst case of what is delayed so far
 *  rescue       an operation that frees space, and its record                when there is space; kept until needed
 * </pre>
 */
final class Reservations {

    /** Metadata blocks of the largest operation on names; also what is kept for removing. */
    static final int OPERATION = 32;

    /** First block of a record, and the record that restarts the log. */
    private static final int RECORD = 2;

    private final Subvolume subvolume;
    private final Metadata metadata;
    private final Groups groups;
    private final int maxImages;
    private final Runnable checkpoint;
    private Cookie log;
    private Cookie placing;
    private Cookie rescue;
    private Cookie rescueLog;

    /**
     * The reservations of a mounted file system.
     *
     * @param checkpoint logs everything, puts it in place, and gives freed blocks back
     */
    Reservations(Subvolume subvolume, Metadata metadata, Groups groups, Runnable checkpoint) {
        this.subvolume = subvolume;
        this.metadata = metadata;
        this.groups = groups;
        this.maxImages = Log.maxImages(metadata.superblock());
        this.checkpoint = checkpoint;
    }

    /** Pays for the next record. */
    Cookie log() {
        if (log == null) {
            log = subvolume.reserve(RECORD);
        }
        return log;
    }

    /** Pays for placing what is delayed. */
    Cookie placing() {
        return placing;
    }

    /** Everything was placed: the buffers keep the cookie alive until they are written. */
    void spentPlacing() {
        placing.put();
        placing = null;
    }

    /**
     * Begins an operation.
     *
     * @param need asked again after a checkpoint, which leaves nothing delayed
     * @throws BlockSpaceException {@code OUT_OF_SPACE}: here and nowhere later
     */
    Transaction begin(Supplier<Need> need) {
        keepRescue();
        if (!hasRoom(need.get())) {
            checkpoint.run();
            if (!hasRoom(need.get())) {
                throw new IllegalStateException("operation is too large: " + need.get() + ", record=" + maxImages
                        + ", memory=" + subvolume.pinned().room());
            }
        }
        try {
            return start(need.get());
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
        }
        checkpoint.run(); // gives freed blocks and unused credit back
        log = givenBack(
                log); // it is empty, nothing is delayed: what an earlier operation might have needed of it nobody does
        placing = givenBack(placing);
        keepRescue(); // what the last one used came back with that; half of one would only be in the way
        Need again = need.get();
        try {
            return start(again);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE || !again.frees() || rescue == null || rescueLog == null) {
                throw e;
            }
            return startRescue(again);
        }
    }

    private boolean hasRoom(Need need) {
        int images = metadata.changedCount() + need.metadata() + need.delayedMetadata();
        int memory = need.metadata() + need.data() + need.delayedMetadata() + images + RECORD;
        return images <= maxImages && memory <= subvolume.pinned().room();
    }

    /** Blocks of the file system are there, whatever the host says. */
    private void requireBlocks(Need need) {
        long available = groups.availableBlocks() - need.delayedTaken();
        boolean takesNone = need.frees() && need.taken() == 0;
        if (!takesNone && available < need.taken()) {
            throw new BlockSpaceException(
                    Code.OUT_OF_SPACE,
                    "No space left in file system: available=" + Math.max(0, available) + ", needed=" + need.taken());
        }
    }

    private Transaction start(Need need) {
        requireBlocks(need);
        log = grown(log, metadata.changedCount() + need.metadata() + need.delayedMetadata() + RECORD);
        placing = grown(placing, need.delayedMetadata());
        int blocks = need.metadata() + need.data();
        return subvolume.begin(blocks);
    }

    /** A cookie with at least this credit: the same, or a larger one in its place. */
    private Cookie grown(Cookie cookie, int credits) {
        if (credits == 0 || (cookie != null && cookie.creditsRemaining() >= credits)) {
            return cookie;
        }
        Cookie larger;
        try {
            larger = subvolume.reserve(2 * credits);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            larger = subvolume.reserve(credits);
        }
        if (cookie != null) {
            cookie.put();
        }
        return larger;
    }

    private Transaction startRescue(Need need) {
        requireBlocks(need); // a hole in the middle may take a leaf
        Transaction transaction = subvolume.begin(rescue, need.metadata() + need.data(), need.metadata() + need.data());
        rescue = givenBack(rescue);
        givenBack(log);
        log = rescueLog;
        rescueLog = null;
        return transaction;
    }

    private void keepRescue() {
        try {
            rescueLog = rescueLog != null ? rescueLog : subvolume.reserve(OPERATION + RECORD);
            rescue = rescue != null ? rescue : subvolume.reserve(OPERATION);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            } // then there is none until space comes back
        }
    }

    private static Cookie givenBack(Cookie cookie) {
        if (cookie != null) {
            cookie.put();
        }
        return null;
    }

    /** Gives everything back. */
    void close() {
        for (Cookie cookie : new Cookie[] {log, placing, rescue, rescueLog}) {
            if (cookie != null) {
                cookie.cancel();
                cookie.put();
            }
        }
        log = null;
        placing = null;
        rescue = null;
        rescueLog = null;
    }
}
