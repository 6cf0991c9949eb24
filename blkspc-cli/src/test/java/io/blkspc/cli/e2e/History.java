package io.blkspc.cli.e2e;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Every write of one test, over all volumes, with the moments between which it took effect. Moments are ticks of one
 * counter: the submit tick is taken before the first byte is sent, the reply tick after the reply has arrived, so a write
 * whose reply tick is below another's submit tick came first for certain, and all other pairs may be in either order.
 *
 * <p>The history is the lock of all its volumes. Any thread may call anything.
 */
final class History {

    /** Reply tick of a write that is still in flight. */
    static final long PENDING = Long.MAX_VALUE;

    /** What a request does to sectors. */
    enum Change {
        /** New contents. */
        WRITE,
        /** Zeros, for certain. */
        ZERO,
        /** Zeros or no change, as the server likes. */
        TRIM
    }

    /**
     * One request in flight or finished.
     *
     * @param seq its number, from 1
     * @param oracle the volume it goes to
     * @param firstSector first sector
     * @param sectorCount number of sectors
     * @param submitTick moment before it was sent
     */
    record Operation(long seq, Change change, VolumeOracle oracle, int firstSector, int sectorCount, long submitTick) {}

    private final Set<Operation> inFlight = new HashSet<>();
    private final List<CloneWindow> openWindows = new ArrayList<>();
    private int volumeCount;
    private int[] volumeOf = new int[1024];
    private long[] submitTicks = new long[1024];
    private long[] replyTicks = new long[1024];
    private long ticks;
    private long lastSeq;
    private long repliedCount;
    private long tornReads;
    private RequestLog requests;

    /** A history that also remembers each request, for judges that look back. */
    static History keepingRequests() {
        History history = new History();
        history.requests = new RequestLog();
        return history;
    }

    /** What was remembered; {@code null} unless it is {@link #keepingRequests}. */
    RequestLog requests() {
        return requests;
    }

    /** An empty volume: all its sectors are zero. */
    synchronized VolumeOracle volume(String name, long sizeBytes) {
        return new VolumeOracle(this, name, ++volumeCount, Math.toIntExact(sizeBytes / Sector.BYTES));
    }

    /** To be called right before the clone command is sent. */
    synchronized CloneWindow beginClone(VolumeOracle origin, String name) {
        VolumeOracle clone = origin.copy(name, ++volumeCount);
        CloneWindow window = new CloneWindow(this, origin, clone, List.copyOf(inFlight));
        openWindows.add(window);
        return window;
    }

    void endClone(CloneWindow window) {
        openWindows.remove(window);
    }

    /** The server is gone: what was in flight may have happened or not, and will not happen any more. */
    synchronized void serverDied() {
        List.copyOf(inFlight).forEach(this::refused);
    }

    Operation begin(Change change, VolumeOracle volume, int firstSector, int sectorCount) {
        return begin(change, volume, firstSector, sectorCount, false);
    }

    synchronized Operation begin(Change change, VolumeOracle volume, int firstSector, int sectorCount, boolean isFua) {
        long seq = ++lastSeq;
        if (seq >= volumeOf.length) {
            volumeOf = Arrays.copyOf(volumeOf, volumeOf.length * 2);
            submitTicks = Arrays.copyOf(submitTicks, volumeOf.length);
            replyTicks = Arrays.copyOf(replyTicks, volumeOf.length);
        }
        Operation operation = new Operation(seq, change, volume, firstSector, sectorCount, tick());
        volumeOf[(int) seq] = change == Change.WRITE ? volume.number() : 0;
        submitTicks[(int) seq] = operation.submitTick();
        replyTicks[(int) seq] = PENDING;
        inFlight.add(operation);
        volume.begun(operation);
        openWindows.forEach(window -> window.begun(operation));
        if (requests != null) {
            requests.begun(operation, isFua);
        }
        return operation;
    }

    /** The server said it is done: it must be seen by every later read. */
    synchronized void replied(Operation operation) {
        repliedCount++;
        end(operation, true);
        if (operation.change() != Change.TRIM) {
            operation.oracle().supersede(operation);
        }
    }

    /** The server said no, or is gone: each of its sectors is old or new. */
    synchronized void refused(Operation operation) {
        end(operation, false);
    }

    private void end(Operation operation, boolean isReplied) {
        if (!inFlight.remove(operation)) {
            throw new IllegalStateException("operation ended twice: " + operation);
        }
        long tick = tick();
        replyTicks[(int) operation.seq()] = tick;
        operation.oracle().ended(operation, tick);
        if (requests != null) {
            requests.ended(operation, tick, isReplied);
        }
    }

    /** Something that makes durable what was replied to before this moment has ended: a flush, for example. */
    synchronized void persisted(VolumeOracle volume, long beginTick) {
        if (requests != null) {
            requests.persisted(volume, beginTick, tick());
        }
    }

    /** A later moment at each call. */
    synchronized long now() {
        return tick();
    }

    long tick() {
        return ++ticks;
    }

    boolean isIdle() {
        return inFlight.isEmpty();
    }

    synchronized long repliedCount() {
        return repliedCount;
    }

    void countTornRead() {
        tornReads++;
    }

    /** Sectors that were read torn while they were written. */
    synchronized long tornReads() {
        return tornReads;
    }

    /** Number of the volume that this write went to; 0 when there is no such write. */
    int volumeOf(long seq) {
        return seq > 0 && seq <= lastSeq ? volumeOf[(int) seq] : 0;
    }

    long submitTick(long seq) {
        return submitTicks[(int) seq];
    }

    long replyTick(long seq) {
        return replyTicks[(int) seq];
    }
}
