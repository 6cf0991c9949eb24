package io.blkspc.api;

import java.util.List;

/**
 * The management side of a host: volumes, snapshots and clones. Every method that changes something is atomic and durable
 * against power loss when it returns; on an exception nothing changed, except code {@code IO} or {@code FAILED}, after
 * which the outcome is unknown until the pool is reopened.
 *
 * <p>Names: a volume is {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}; a snapshot is {@code VOLUME@SNAP} with the same rule for
 * both parts. A bad name is an {@link IllegalArgumentException}, and so are a list without names and a volume or target
 * named twice in one list. Any thread may call anything. After {@link #close} everything but {@link #status} and {@link
 * #events} fails with {@code CLOSED}.
 */
public interface Pool extends AutoCloseable {

    /** Facts of the pool. */
    PoolStatus status();

    /** Every volume and snapshot, ordered by name. */
    List<VolumeInfo> list();

    /**
     * Facts of one version.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}
     */
    VolumeInfo info(String name);

    /**
     * Makes an empty volume.
     *
     * @param sizeBytes a multiple of 4096, 4096 to {@link Geometry#MAX_VOLUME_BYTES}
     * @param quota what it is promised and may take
     * @throws BlockSpaceException {@code EXISTS}; {@code OUT_OF_SPACE}, also when its guarantee cannot be covered; {@code
     *     LIMIT}
     */
    VolumeInfo create(String name, long sizeBytes, Quota quota);

    /** As {@link #create(String, long, Quota)} with {@link Quota#NONE}. */
    default VolumeInfo create(String name, long sizeBytes) {
        return create(name, sizeBytes, Quota.NONE);
    }

    /**
     * Freezes several volumes at one moment, each into one snapshot: all or none.
     *
     * @param names {@code VOLUME@SNAP} of different volumes
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS}; {@code OUT_OF_SPACE}, also when a guarantee could not
     *     be covered afterwards; {@code BUSY} when IO in flight
     *     did not end within 5 seconds
     */
    List<VolumeInfo> snapshot(List<String> names);

    /**
     * Makes writable clones of a volume, at this moment, or of a snapshot. The cost does not depend on its size or depth. A
     * live source holds every write replied to before the call.
     *
     * @param source volume or snapshot
     * @param targets new volume names; all or none
     * @param quota what each of them is promised and may take
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS}; {@code BUSY}; {@code OUT_OF_SPACE}, also when a
     *     guarantee, of the source or of a target, could not be covered
     */
    List<VolumeInfo> clone(String source, List<String> targets, Quota quota);

    /** As {@link #clone(String, List, Quota)} with {@link Quota#NONE}. */
    default List<VolumeInfo> clone(String source, List<String> targets) {
        return clone(source, targets, Quota.NONE);
    }

    /**
     * Gives a volume, or a snapshot of a volume, another name. The snapshots of a volume go with it. Open handles stay what they
     * are.
     *
     * @param from volume or snapshot
     * @param to volume, or snapshot of the same volume
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS} when the name, or that of a snapshot, is taken
     */
    VolumeInfo rename(String from, String to);

    /**
     * Brings a volume back to one of its snapshots: what it holds now is given up, or kept as another volume. It keeps its
     * identity, guarantee and limit; other snapshots, also newer ones, stay as they are. The cost does not depend on its size.
     *
     * @param snapshot {@code VOLUME@SNAP}
     * @param keepAs name of a volume to keep what it holds now, without guarantee or limit; {@code null} to give it up
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS}; {@code BUSY} when the volume is open or a cookie of it
     *     is alive; {@code OUT_OF_SPACE}, also when its guarantee could not be covered afterwards; nothing changed
     */
    VolumeInfo rollback(String snapshot, String keepAs);

    /**
     * Gives a volume another size. Growing goes on while it is used; open handles see the new size. Its snapshots, and clones of
     * them, keep theirs. A guarantee of all of the volume stays one of all of it; any other becomes smaller only where it would
     * be more than all. Durable at return with every write of the volume that was replied to before.
     *
     * @param sizeBytes a multiple of 4096, 4096 to {@link Geometry#MAX_VOLUME_BYTES}; the size it has is none to do
     * @param shrinks may become smaller: what lies beyond the new end is given up, and reads as zeros should it grow again
     * @throws IllegalArgumentException when it would become smaller and {@code shrinks} is not said
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code BUSY} when it is to become smaller while it is open or a cookie of
     *     it is alive; {@code OUT_OF_SPACE} when the guarantee could not be covered; nothing changed
     */
    VolumeInfo resize(String name, long sizeBytes, boolean shrinks);

    /**
     * As {@link #resize}, by a difference to the size the volume has at that moment: of several at once none is lost. Not to be
     * repeated when it is not known whether it happened.
     *
     * @param differenceBytes a multiple of 4096, less than 0 to become smaller
     */
    VolumeInfo resizeBy(String name, long differenceBytes, boolean shrinks);

    /**
     * Where a version reads differently than a snapshot, or than zeros. The cost is that of the change, not of the size; what was
     * written again with the same bytes counts as changed. Any two versions can be compared. A part at a time: for one moment of
     * a volume that is being written, make a snapshot of it first.
     *
     * @param name volume or snapshot
     * @param since snapshot to compare with; {@code null} for zeros
     * @param fromBytes where to begin, a multiple of 4096: 0, then what the part before said
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code OUT_OF_RANGE} beyond the end
     */
    Changes changedSince(String name, String since, long fromBytes);

    /**
     * As {@link #changedSince(String, String, long)}, of a range, and no more than is asked for: the cost is that of the answer.
     *
     * @param fromBytes where to begin, a multiple of 4096
     * @param toBytes where to end, exclusive; what is beyond the end of the version does not count
     * @param maxRanges at least 1: about the most ranges wanted
     * @return ends at {@code toBytes} at the latest
     * @throws BlockSpaceException {@code NOT_FOUND}, also when a name is that of another version by now; {@code OUT_OF_RANGE}
     */
    Changes changedSince(Comparison comparison, long fromBytes, long toBytes, int maxRanges);

    /**
     * How many bytes {@link #destroy} of these versions would give back: those of the blocks that they map and no other version
     * does. Exact for one moment, for any set; the cost is that of everything mapped, while clients go on.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}
     */
    long bytesFreedBy(List<String> names);

    /**
     * Keeps a snapshot from being destroyed, under a tag, until {@link #release} of that tag. A snapshot may have several.
     *
     * @param tag by the rule of names
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code EXISTS} when it has the tag; {@code LIMIT} when all its tags are
     *     longer than 1024 bytes; {@code OUT_OF_SPACE}
     */
    VolumeInfo hold(String tag, String snapshot);

    /**
     * Takes a tag of {@link #hold} away.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}, also when it has no such tag
     */
    VolumeInfo release(String tag, String snapshot);

    /**
     * Removes versions, in any order and whatever was cloned from them. The names are gone at return; the space is given
     * back in the background.
     *
     * @param force also when attached: open handles then fail with {@code CLOSED}
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code BUSY} when attached and not forced, or held, forced or not; nothing
     *     was removed
     */
    void destroy(List<String> names, boolean force);

    /**
     * Waits until the space of everything destroyed before this call is back, except what cookies still hold until their
     * last put.
     *
     * @throws BlockSpaceException {@code BUSY} when a client kept writing to a destroyed volume for 5 seconds
     */
    void awaitReclaim();

    /**
     * What gives space back at this moment, the job that is done next first. Of a pool that was just opened some may not be found
     * yet.
     */
    List<JobInfo> jobs();

    /**
     * Waits until a job is done, not at all when it is already, and not for room in the pool that it may need to go on.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when no job can have had this number; {@code BUSY} as {@link #awaitReclaim}
     */
    void awaitJob(long id);

    /**
     * Opens a volume or, read-only, a snapshot. Several handles of one volume share one state.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}
     */
    BlockSpace open(String name);

    /**
     * What happened since the pool was opened, oldest first: the last 1,024 events at most. Also after a failure and after {@link
     * #close}.
     *
     * @param after only events with a higher number; 0 for all that are still known
     */
    List<PoolEvent> events(long after);

    /** Every live promise of data space, ordered by volume and then by id. */
    List<ReservationInfo> reservations();

    /**
     * Makes the pool larger, while clients go on: its space is taken first, and what it gained can be promised at return.
     * Nothing is to be done where it has that size.
     *
     * @param dataBytes capacity for data, a multiple of 4096
     * @throws IllegalArgumentException when it has more already, or it is no size of a pool
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when what the pool lies on cannot grow so far; {@code LIMIT}; nothing
     *     changed
     */
    PoolStatus grow(long dataBytes);

    /** A persist point for every volume. */
    void flush();

    /**
     * Persists everything, marks the pool clean and lets go of it. Idempotent.
     *
     * @throws BlockSpaceException {@code FAILED} or {@code IO} when it could not be marked clean; it is closed all the same
     */
    @Override
    void close();
}
