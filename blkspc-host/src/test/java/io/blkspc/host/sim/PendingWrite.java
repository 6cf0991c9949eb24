package io.blkspc.host.sim;

import java.util.BitSet;

/** Sectors that were written and are in no completed force. Each may or may not be on the medium, on its own. */
final class PendingWrite {

    final SimDevice device;
    /** Order of writing, over all devices of the disk. */
    final long sequence;

    final long firstSector;
    final int sectorCount;
    final byte[] bytes;
    /** When the call returned, on the clock of {@link #sequence}. A force covers what returned before it began. */
    long returnedAt = Long.MAX_VALUE;
    /** Sectors that a newer, durable write of the same place has made impossible to find; null while there are none. */
    private BitSet superseded;

    PendingWrite(SimDevice device, long sequence, long firstSector, byte[] bytes) {
        this.device = device;
        this.sequence = sequence;
        this.firstSector = firstSector;
        this.sectorCount = bytes.length / SectorImage.SECTOR_BYTES;
        this.bytes = bytes;
    }

    /** The same write on another device; used when a disk is copied. */
    PendingWrite copyTo(SimDevice target) {
        PendingWrite copy = new PendingWrite(target, sequence, firstSector, bytes);
        copy.returnedAt = returnedAt;
        copy.superseded = superseded == null ? null : (BitSet) superseded.clone();
        return copy;
    }

    boolean mayBeFound(int sector) {
        return superseded == null || !superseded.get(sector);
    }

    void applyTo(SectorImage image) {
        if (superseded == null) {
            image.write(firstSector * SectorImage.SECTOR_BYTES, bytes, 0, bytes.length);
            return;
        }
        for (int s = 0; s < sectorCount; s++) {
            if (!superseded.get(s)) {
                applySector(image, s);
            }
        }
    }

    /** Those of the device's sectors from {@code from} to before {@code to} that are this write's, and may be found. */
    void applyTo(SectorImage image, long from, long to) {
        if (superseded == null) {
            int first = (int) (from - firstSector) * SectorImage.SECTOR_BYTES;
            image.write(from * SectorImage.SECTOR_BYTES, bytes, first, (int) (to - from) * SectorImage.SECTOR_BYTES);
            return;
        }
        for (int s = (int) (from - firstSector); s < (int) (to - firstSector); s++) {
            if (mayBeFound(s)) {
                applySector(image, s);
            }
        }
    }

    void applySector(SectorImage image, int sector) {
        image.write(
                (firstSector + sector) * SectorImage.SECTOR_BYTES,
                bytes,
                sector * SectorImage.SECTOR_BYTES,
                SectorImage.SECTOR_BYTES);
    }

    /** Takes away what {@code newer} overwrote durably. */
    void supersededBy(PendingWrite newer) {
        takeAway(newer.firstSector, newer.firstSector + newer.sectorCount);
    }

    /** Takes away what of the device's sectors from {@code start} to before {@code end} is durable, or newer. */
    void takeAway(long start, long end) {
        long from = Math.max(firstSector, start);
        long to = Math.min(firstSector + sectorCount, end);
        if (from < to) {
            if (superseded == null) {
                superseded = new BitSet(sectorCount);
            }
            superseded.set((int) (from - firstSector), (int) (to - firstSector));
        }
    }

    /** {@code true} when nothing is left that may be found. */
    boolean isGone() {
        return superseded != null && superseded.cardinality() == sectorCount;
    }

    /** Takes one sector away: a failed force lost it. */
    void lose(int sector) {
        if (superseded == null) {
            superseded = new BitSet(sectorCount);
        }
        superseded.set(sector);
    }
}
