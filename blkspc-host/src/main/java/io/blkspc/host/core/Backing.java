package io.blkspc.host.core;

import io.blkspc.api.PoolEvent;
import io.blkspc.host.sched.Scheduler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the backing store has room (contract D10). It promised its space when the pool was made; one that was accepted
 * without a promise may break it.
 *
 * <p>A write of a client that finds no room fails alone, and the pool is short until a new block was written or the refused
 * place was. So does a commit, or a change of versions, whose journal record finds none; then the pool is short until a record
 * was written. A checkpoint that finds none waits: the same bytes go to the same place as soon as there is room, so nothing is
 * half done meanwhile, and {@link #MAX_LOOKS} seconds are its patience. Any thread.
 */
final class Backing {

    /** Looks of a checkpoint while the pool is open: an hour. */
    static final int MAX_LOOKS = 3600;

    /** Looks for the room of a record that cannot be taken back; everybody else waits meanwhile. */
    static final int RECORD_LOOKS = 60;

    /** Looks while the pool is opened. */
    static final int OPENING_LOOKS = 60;

    /** Looks while it is closed. */
    static final int CLOSING_LOOKS = 5;

    private static final Logger log = LoggerFactory.getLogger(Backing.class);
    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final long NONE = -1;

    private final Scheduler scheduler;
    private final EventLog events;
    private volatile int patience;
    private volatile long refusedOffset = NONE;
    private final boolean keepsJournal;
    private volatile boolean checkpointWaits;
    private volatile boolean recordRefused;
    private volatile int refusedRecordBytes;

    /**
     * Of a pool.
     *
     * @param keepsJournal the room of records was promised
     */
    Backing(Scheduler scheduler, EventLog events, boolean keepsJournal) {
        this.events = events;
        this.scheduler = scheduler;
        this.keepsJournal = keepsJournal;
    }

    /** How often a checkpoint looks again from now on, once a second. */
    void patience(int looks) {
        patience = looks;
    }

    /** {@code true} while something found no room and nothing since has shown that there is room again. */
    boolean isShort() {
        return refusedOffset != NONE || checkpointWaits || recordRefused;
    }

    /** {@code true} when a record may find no room: none was promised, or the last one found none. */
    boolean mayRefuseRecords() {
        return recordRefused || !keepsJournal;
    }

    /** {@code true} while nothing has shown that records find room again. */
    boolean isRecordRefused() {
        return recordRefused;
    }

    /** Payload of the record that found no room last: one that is shorter proves nothing. */
    int refusedRecordBytes() {
        return refusedRecordBytes;
    }

    /** A journal record, or bytes in its place, found no room. */
    void recordRefused(int payloadBytes) {
        refusedRecordBytes = recordRefused ? Math.max(refusedRecordBytes, payloadBytes) : payloadBytes;
        if (!recordRefused) {
            recordRefused = true;
            log.warn("backing store has no room for the journal, changes fail");
            events.add(PoolEvent.Kind.OUT_OF_BACKING, null, "reason=a journal record found no room");
        }
    }

    /** A journal record, or bytes in its place, was written: that ends a shortage when none of its size found room. */
    void recordFits(int payloadBytes) {
        if (recordRefused && payloadBytes >= refusedRecordBytes) {
            recordRefused = false;
            log.info("backing store has room for the journal again");
            events.add(PoolEvent.Kind.BACKING_BACK, null, "");
        }
    }

    /** A record that cannot be taken back found no room: waits a while; {@code false} when patience is over. */
    boolean awaitRoomForRecord(int looksSoFar) {
        boolean goesOn = looksSoFar < Math.min(patience, RECORD_LOOKS);
        if (goesOn) {
            scheduler.pause(LOOK_NANOS);
        }
        return goesOn;
    }

    /** A write of a client found no room. */
    void refused(long offsetBytes) {
        if (refusedOffset == NONE) {
            log.warn("backing store has no room, writes that need it fail: offset={}", offsetBytes);
            events.add(PoolEvent.Kind.OUT_OF_BACKING, null, "offset=" + offsetBytes);
        }
        refusedOffset = offsetBytes;
    }

    /** A write of a client went through. */
    void written(long offsetBytes, long lengthBytes) {
        long refused = refusedOffset;
        if (refused != NONE && refused >= offsetBytes && refused < offsetBytes + lengthBytes) {
            tookNewBlock();
        }
    }

    /** A block that was new to its volume was written and published. */
    void tookNewBlock() {
        if (refusedOffset != NONE) {
            refusedOffset = NONE;
            log.info("backing store has room again");
            events.add(PoolEvent.Kind.BACKING_BACK, null, "");
        }
    }

    /** A write of a checkpoint found no room: waits a while; {@code false} when patience is over. */
    boolean awaitRoom(int looksSoFar) {
        if (looksSoFar >= patience) {
            return false;
        }
        if (!checkpointWaits) {
            log.warn("backing store has no room, the checkpoint waits");
            events.add(PoolEvent.Kind.OUT_OF_BACKING, null, "reason=a checkpoint waits");
        }
        checkpointWaits = true;
        scheduler.pause(LOOK_NANOS);
        return true;
    }

    /** The checkpoint goes on, or gave up. */
    void waitEnded() {
        checkpointWaits = false;
    }
}
