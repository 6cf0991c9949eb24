package io.blkspc.cli.e2e;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Knows for one version, and for a power cut at any moment, which values each sector may hold afterwards: those of writes
 * that began before the cut, unless a later write of the sector was certainly durable by then. A write is durable when it was
 * replied to before a persist point began that was over at the cut, or when it was FUA and replied to.
 *
 * <p>Where the server writes through the page cache, a sector may also be a {@link SectorMixture}.
 */
final class PowerOracle {

    private static final int REQUESTS_SHOWN = 4;

    /** How the server brings data to its disk. */
    enum DataPath {
        /** The kernel copies pages to the disk when it likes, also while they are written. */
        PAGE_CACHE,
        /** Memory that nobody writes meanwhile goes to the disk as it is. */
        DIRECT
    }

    private final History history;
    private final RequestLog requests;
    private final DataPath path;
    private final VolumeOracle volume;
    private final VolumeOracle origin;
    private final long createBegin;
    private final long createEnd;
    private long destroyBegin = History.PENDING;
    private long destroyEnd = History.PENDING;

    /**
     * A version that one command made.
     *
     * @param history must keep its requests
     * @param origin what it is a snapshot or clone of, {@code null} for an empty volume
     * @param createBegin before the command was sent
     * @param createEnd after it returned
     */
    PowerOracle(
            History history,
            DataPath path,
            VolumeOracle volume,
            VolumeOracle origin,
            long createBegin,
            long createEnd) {
        this.history = history;
        this.requests = history.requests();
        this.path = path;
        this.volume = volume;
        this.origin = origin;
        this.createBegin = createBegin;
        this.createEnd = createEnd;
    }

    /** It was destroyed by a command between these two moments. */
    void destroyed(long beginTick, long endTick) {
        destroyBegin = beginTick;
        destroyEnd = endTick;
    }

    String name() {
        return volume.name();
    }

    boolean mustExist(long cutTick) {
        return createEnd < cutTick && cutTick <= destroyBegin;
    }

    boolean mayExist(long cutTick) {
        return createBegin < cutTick && cutTick <= destroyEnd;
    }

    /** Whether one command makes both, and the cut may have been in the middle of it. */
    boolean isBeingMadeWith(PowerOracle other, long cutTick) {
        return createBegin == other.createBegin && cutTick <= createEnd && cutTick <= other.createEnd;
    }

    /** Judges all sectors of the version as they are after a power cut at this moment. */
    List<Finding> judge(long cutTick, ByteBuffer data) {
        synchronized (history) {
            AtCut at = new AtCut(cutTick);
            List<Finding> findings = new ArrayList<>();
            for (int sector = 0; sector < volume.sectorCount(); sector++) {
                Sector found = Sector.decode(data, sector * Sector.BYTES);
                if (found.kind() != Sector.Kind.GARBAGE || !at.isLegalMixture(sector, data)) {
                    at.judge(sector, found).ifPresent(findings::add);
                }
            }
            return findings;
        }
    }

    /** What is legal at one cut. */
    private final class AtCut {

        private final long cutTick;
        private final long cloneEnd;
        /** Latest beginning of a durable write: what ended before it is gone. */
        private final long[] floor = new long[volume.sectorCount()];
        /** Latest end of something that made zeros; 0 stands for the volume's beginning. */
        private final long[] zeroEnd = new long[volume.sectorCount()];

        private final long[] seenSeq = new long[volume.sectorCount()];
        private final long[] seenTick = new long[volume.sectorCount()];

        private AtCut(long cutTick) {
            this.cutTick = cutTick;
            cloneEnd = Math.min(createEnd, cutTick);
            if (origin != null) {
                // What was replied to before the command is in the version, and it is durable with it.
                apply(origin, createBegin, cloneEnd, createBegin);
            }
            apply(volume, cutTick, cutTick, requests.lastPersistBegin(volume, cutTick));
        }

        /**
         * Takes in what happened to one volume.
         *
         * @param end moment before which a reply counts as one
         * @param last requests that began later did not get here
         * @param durable what was replied to before is durable
         */
        private void apply(VolumeOracle of, long end, long last, long durable) {
            for (RequestLog.Sighting sighting : requests.sightings()) {
                if (sighting.volume() == of && sighting.endTick() < end) {
                    see(sighting);
                }
            }
            for (RequestLog.Entry entry : requests.entries()) {
                History.Operation operation = entry.operation();
                if (operation.oracle() == of && operation.submitTick() < last) {
                    apply(operation, isDurable(entry, end, durable), Math.min(entry.endTick(), last));
                }
            }
        }

        private static boolean isDurable(RequestLog.Entry entry, long end, long durable) {
            return entry.isReplied() && entry.endTick() < end && (entry.isFua() || entry.endTick() < durable);
        }

        private void see(RequestLog.Sighting sighting) {
            for (int sector = 0; sector < floor.length; sector++) {
                floor[sector] = Math.max(floor[sector], sighting.beginTick());
                seenSeq[sector] = sighting.seqs()[sector];
                seenTick[sector] = sighting.endTick();
            }
        }

        private void apply(History.Operation operation, boolean isDurable, long endTick) {
            for (int i = 0; i < operation.sectorCount(); i++) {
                int sector = operation.firstSector() + i;
                if (isDurable && operation.change() != History.Change.TRIM) {
                    floor[sector] = Math.max(floor[sector], operation.submitTick());
                }
                if (operation.change() != History.Change.WRITE) {
                    zeroEnd[sector] = Math.max(zeroEnd[sector], endTick);
                }
            }
        }

        /**
         * Blocks of a version that is there are not overwritten for its origin any more, so a mixture then comes from writes of
         * its own.
         */
        private boolean isLegalMixture(int sector, ByteBuffer data) {
            if (path == DataPath.DIRECT) {
                return false;
            }
            SectorMixture mixture = new SectorMixture();
            if (zeroEnd[sector] >= floor[sector]) {
                mixture.addZeros();
            }
            if (isAsSeen(sector)) {
                mixture.addSettled(history.volumeOf(seenSeq[sector]), sector, seenSeq[sector]);
            }
            long ownDurable = requests.lastPersistBegin(volume, cutTick);
            for (RequestLog.Entry entry : requests.entries()) {
                VolumeOracle of = entry.operation().oracle();
                long last = of == volume ? cutTick : cloneEnd;
                boolean isLegal = (of == volume || of == origin)
                        && isOf(entry.operation(), sector)
                        && entry.operation().submitTick() < last
                        && Math.min(entry.endTick(), last) >= floor[sector];
                if (isLegal && isSettled(entry, ownDurable)) {
                    boolean isWrite = entry.operation().change() == History.Change.WRITE;
                    mixture.addSettled(
                            of.number(), sector, isWrite ? entry.operation().seq() : 0);
                } else if (isLegal) {
                    mixture.addUnsettled(entry.operation(), sector);
                }
            }
            return mixture.canBe(data, sector * Sector.BYTES);
        }

        private boolean isSettled(RequestLog.Entry entry, long ownDurable) {
            return entry.operation().oracle() == volume
                    ? isDurable(entry, cutTick, ownDurable)
                    : createEnd < cutTick || isDurable(entry, createBegin, createBegin);
        }

        private static boolean isOf(History.Operation operation, int sector) {
            int place = sector - operation.firstSector();
            return place >= 0 && place < operation.sectorCount();
        }

        private boolean isAsSeen(int sector) {
            return seenTick[sector] > 0 && seenTick[sector] >= floor[sector];
        }

        private Optional<Finding> judge(int sector, Sector found) {
            boolean isAsSeen = isAsSeen(sector);
            return switch (found.kind()) {
                case GARBAGE -> finding(Finding.Kind.TORN, sector, "no write made these bytes");
                case ZERO ->
                    zeroEnd[sector] >= floor[sector] || (isAsSeen && seenSeq[sector] == 0)
                            ? Optional.empty()
                            : finding(Finding.Kind.LOST, sector, "zeros");
                case WRITTEN -> judgeWritten(sector, found, isAsSeen && seenSeq[sector] == found.seq());
            };
        }

        private Optional<Finding> judgeWritten(int sector, Sector found, boolean isAsSeen) {
            String facts = "volume=" + found.volume() + ", lba=" + found.lba() + ", seq=" + found.seq();
            boolean isInherited = origin != null && found.volume() == origin.number();
            if (found.volume() != volume.number() && !isInherited) {
                return finding(Finding.Kind.FOREIGN, sector, facts);
            }
            if (found.lba() != sector) {
                return finding(Finding.Kind.MISPLACED, sector, facts);
            }
            if (history.volumeOf(found.seq()) != found.volume()) {
                return finding(Finding.Kind.IMPOSSIBLE, sector, facts);
            }
            RequestLog.Entry entry = requests.entries().get((int) found.seq() - 1);
            long last = isInherited ? cloneEnd : cutTick;
            if (entry.operation().submitTick() >= last) {
                return finding(Finding.Kind.FOREIGN, sector, facts + ", began too late, last=" + last);
            }
            return isAsSeen || Math.min(entry.endTick(), last) >= floor[sector]
                    ? Optional.empty()
                    : finding(Finding.Kind.STALE, sector, facts + ", ended=" + entry.endTick());
        }

        private Optional<Finding> finding(Finding.Kind kind, int sector, String facts) {
            String when = ", floor=" + floor[sector] + ", cut=" + cutTick + ", requests=" + requestsOf(sector);
            return Optional.of(new Finding(kind, volume.name(), sector, facts + when));
        }

        /** The last requests of this sector before the cut, for whoever has to understand the finding. */
        private String requestsOf(int sector) {
            List<String> found = new ArrayList<>();
            for (RequestLog.Entry entry : requests.entries()) {
                History.Operation operation = entry.operation();
                boolean isOurs = operation.oracle() == volume || operation.oracle() == origin;
                if (isOurs && isOf(operation, sector) && operation.submitTick() < cutTick) {
                    found.add(operation.change() + " seq=" + operation.seq() + " volume="
                            + operation.oracle().name() + " ticks=" + operation.submitTick() + "-"
                            + (entry.endTick() < cutTick ? entry.endTick() : "") + (entry.isFua() ? " fua" : ""));
                }
            }
            return found.subList(Math.max(0, found.size() - REQUESTS_SHOWN), found.size())
                    .toString();
        }
    }
}
