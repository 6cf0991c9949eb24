package io.blkspc.cli.e2e;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Knows which values each sector of one volume may hold. A value is legal unless a later write has certainly replaced it:
 *
 * <ul>
 *   <li>{@code floor[s]} is the latest submit tick of all replied writes of sector s; a value whose own reply tick is below
 *       the floor was replaced;
 *   <li>a write that was never replied to has the reply tick of the moment the server died, so it stays legal beside the
 *       older value until something newer is replied to;
 *   <li>{@link #settle} reads the truth after a restart: from then on the value seen is the only legal one, because a
 *       recovered value may not change again.
 * </ul>
 *
 * <p>All state is guarded by the {@link History}.
 */
final class VolumeOracle {

    private final History history;
    private final String name;
    private final int number;
    private final long[] floor;
    private final long[] zeroReply;
    private final short[] zeroPending;
    private final short[] inFlight;
    private final long[] lastEnd;
    private final long[] settledSeq;
    private final long[] settledTick;
    /** For a clone: number of each ancestor, and the tick at which its writes stopped to count here. */
    private final Map<Integer, Long> inheritedUntil = new HashMap<>();

    VolumeOracle(History history, String name, int number, int sectorCount) {
        this.history = history;
        this.name = name;
        this.number = number;
        floor = new long[sectorCount];
        zeroReply = new long[sectorCount];
        zeroPending = new short[sectorCount];
        inFlight = new short[sectorCount];
        lastEnd = new long[sectorCount];
        settledSeq = new long[sectorCount];
        settledTick = new long[sectorCount];
    }

    /** The same legal values under another name; {@link #cutAt} completes it. */
    VolumeOracle copy(String cloneName, int cloneNumber) {
        VolumeOracle copy = new VolumeOracle(history, cloneName, cloneNumber, floor.length);
        System.arraycopy(floor, 0, copy.floor, 0, floor.length);
        System.arraycopy(settledSeq, 0, copy.settledSeq, 0, floor.length);
        System.arraycopy(settledTick, 0, copy.settledTick, 0, floor.length);
        copy.inheritedUntil.putAll(inheritedUntil);
        return copy;
    }

    /** The clone exists: writes and zeros of the origin count in it if they were submitted before this tick. */
    void cutAt(long tick, VolumeOracle origin) {
        inheritedUntil.put(origin.number, tick);
        for (int sector = 0; sector < floor.length; sector++) {
            zeroReply[sector] = origin.zeroPending[sector] > 0 ? tick : Math.min(tick, origin.zeroReply[sector]);
        }
    }

    String name() {
        return name;
    }

    int number() {
        return number;
    }

    int sectorCount() {
        return floor.length;
    }

    void begun(History.Operation operation) {
        boolean isZero = operation.change() != History.Change.WRITE;
        for (int i = 0; i < operation.sectorCount(); i++) {
            int sector = operation.firstSector() + i;
            inFlight[sector]++;
            if (isZero) {
                zeroPending[sector]++;
            }
        }
    }

    void ended(History.Operation operation, long tick) {
        boolean isZero = operation.change() != History.Change.WRITE;
        for (int i = 0; i < operation.sectorCount(); i++) {
            int sector = operation.firstSector() + i;
            inFlight[sector]--;
            lastEnd[sector] = tick;
            if (isZero) {
                zeroPending[sector]--;
                zeroReply[sector] = tick;
            }
        }
    }

    void supersede(History.Operation operation) {
        for (int i = 0; i < operation.sectorCount(); i++) {
            int sector = operation.firstSector() + i;
            floor[sector] = Math.max(floor[sector], operation.submitTick());
        }
    }

    /**
     * What must be known of the moment before a read is sent; {@link #judge} wants it back with the data.
     *
     * @param firstSector first sector of the read
     * @param tick the moment
     * @param floors floor of each sector of the read
     */
    @SuppressWarnings("ArrayRecordComponent")
    record ReadStart(int firstSector, long tick, long[] floors) {}

    ReadStart beginRead(int firstSector, int sectorCount) {
        synchronized (history) {
            long[] floors = Arrays.copyOfRange(floor, firstSector, firstSector + sectorCount);
            return new ReadStart(firstSector, history.tick(), floors);
        }
    }

    /**
     * Judges data that a read returned while others were writing. A sector that is torn while a write to it was in flight
     * is only counted: a page cache does not copy a sector at once. It must be whole for everybody who reads it later.
     */
    List<Finding> judge(ReadStart start, ByteBuffer data) {
        synchronized (history) {
            List<Finding> findings = new ArrayList<>();
            for (int i = 0; i < start.floors().length; i++) {
                int sector = start.firstSector() + i;
                Sector found = Sector.decode(data, i * Sector.BYTES);
                boolean isWritten = inFlight[sector] > 0 || lastEnd[sector] > start.tick();
                if (found.kind() == Sector.Kind.GARBAGE && isWritten) {
                    history.countTornRead();
                } else {
                    judge(sector, found, start.floors()[i]).ifPresent(findings::add);
                }
            }
            return findings;
        }
    }

    /** Judges data read while nothing is in flight; what was found is the only legal value from here on. */
    List<Finding> settle(int firstSector, ByteBuffer data) {
        synchronized (history) {
            if (!history.isIdle()) {
                throw new IllegalStateException("cannot settle while writes are in flight: volume=" + name);
            }
            long tick = history.tick();
            List<Finding> findings = new ArrayList<>();
            for (int i = 0; i < data.remaining() / Sector.BYTES; i++) {
                int sector = firstSector + i;
                Sector found = Sector.decode(data, i * Sector.BYTES);
                judge(sector, found, floor[sector]).ifPresent(findings::add);
                settledSeq[sector] = found.kind() == Sector.Kind.WRITTEN ? found.seq() : 0;
                settledTick[sector] = tick;
                floor[sector] = tick;
            }
            return findings;
        }
    }

    private Optional<Finding> judge(int sector, Sector found, long floorTick) {
        return switch (found.kind()) {
            case GARBAGE -> finding(Finding.Kind.TORN, sector, "no write made these bytes");
            case ZERO ->
                isZeroLegal(sector, floorTick)
                        ? Optional.empty()
                        : finding(Finding.Kind.LOST, sector, "zeros, floor=" + floorTick);
            case WRITTEN -> judgeWritten(sector, found, floorTick);
        };
    }

    private boolean isZeroLegal(int sector, long floorTick) {
        return zeroPending[sector] > 0
                || zeroReply[sector] >= floorTick
                || (settledSeq[sector] == 0 && settledTick[sector] >= floorTick);
    }

    private Optional<Finding> judgeWritten(int sector, Sector found, long floorTick) {
        String facts = "volume=" + found.volume() + ", lba=" + found.lba() + ", seq=" + found.seq();
        boolean isInherited = inheritedUntil.containsKey(found.volume());
        if (found.volume() != number && !isInherited) {
            return finding(Finding.Kind.FOREIGN, sector, facts);
        }
        if (found.lba() != sector) {
            return finding(Finding.Kind.MISPLACED, sector, facts);
        }
        if (history.volumeOf(found.seq()) != found.volume()) {
            return finding(Finding.Kind.IMPOSSIBLE, sector, facts);
        }
        if (settledSeq[sector] == found.seq() && settledTick[sector] >= floorTick) {
            return Optional.empty();
        }
        long cut = isInherited ? inheritedUntil.get(found.volume()) : History.PENDING;
        if (history.submitTick(found.seq()) > cut) {
            return finding(Finding.Kind.FOREIGN, sector, facts + ", written after the clone, cut=" + cut);
        }
        long reply = Math.min(cut, history.replyTick(found.seq()));
        return reply >= floorTick
                ? Optional.empty()
                : finding(Finding.Kind.STALE, sector, facts + ", replied=" + reply + ", floor=" + floorTick);
    }

    private Optional<Finding> finding(Finding.Kind kind, int sector, String facts) {
        return Optional.of(new Finding(kind, name, sector, facts));
    }
}
