package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.UUID;

/**
 * Which images of which segments live: in memory as primitive arrays, on the device in two slots of pages, written in
 * turn, only pages that changed since that slot was written last. Owned by the store.
 *
 * <p>I1: a segment's live bits, live count and live charge say the same. I2: a page of a slot that is not marked stale is
 * on the device exactly as {@link #write} would write it.
 */
final class SegmentDirectory {

    /** Pages of one write or read. */
    private static final int BATCH = 64;

    private final SegmentLayout layout;
    private final UUID pool;
    private final int perPage;
    private final int words;
    private final long[] writeNumbers;
    private final int[] tableCrcs;
    private final char[] counts;
    private final char[] sectors;
    private final long[] live;
    private final int[] liveCounts;
    private final int[] charges;
    private final boolean[][] stale;
    private final int[][] pageCrcs;
    private final MemorySegment buffer;
    private final Crc32c crc;
    private final DirectoryPage page;
    private final Transfer transfer = new Transfer();

    SegmentDirectory(SegmentLayout layout, UUID pool, java.lang.foreign.Arena arena) {
        this.layout = layout;
        this.pool = pool;
        int segments = layout.segmentCount();
        perPage = DirectoryPage.entriesPerPage(layout.entries());
        words = Math.ceilDiv(layout.entries(), Long.SIZE);
        writeNumbers = new long[segments];
        tableCrcs = new int[segments];
        counts = new char[segments];
        sectors = new char[segments];
        live = new long[Math.multiplyExact(segments, words)];
        liveCounts = new int[segments];
        charges = new int[segments];
        stale = new boolean[2][layout.pages()];
        Arrays.fill(stale[0], true);
        Arrays.fill(stale[1], true);
        pageCrcs = new int[2][layout.pages()];
        buffer = arena.allocate((long) Math.min(BATCH, layout.pages()) * DirectoryPage.LENGTH, DirectoryPage.LENGTH);
        crc = new Crc32c(buffer);
        page = new DirectoryPage(layout.entries());
    }

    /** This directory with more segments, of which nothing is on the device yet. */
    SegmentDirectory grown(SegmentLayout larger, java.lang.foreign.Arena arena) {
        SegmentDirectory copy = new SegmentDirectory(larger, pool, arena);
        int count = layout.segmentCount();
        System.arraycopy(writeNumbers, 0, copy.writeNumbers, 0, count);
        System.arraycopy(tableCrcs, 0, copy.tableCrcs, 0, count);
        System.arraycopy(counts, 0, copy.counts, 0, count);
        System.arraycopy(sectors, 0, copy.sectors, 0, count);
        System.arraycopy(live, 0, copy.live, 0, count * words);
        System.arraycopy(liveCounts, 0, copy.liveCounts, 0, count);
        System.arraycopy(charges, 0, copy.charges, 0, count);
        return copy;
    }

    long writeNumber(int segment) {
        return writeNumbers[segment];
    }

    int tableCrc(int segment) {
        return tableCrcs[segment];
    }

    /** Entries of the segment's table, dead ones included. */
    int count(int segment) {
        return counts[segment];
    }

    /** Bytes of the segment that were written. */
    int writtenBytes(int segment) {
        return sectors[segment] * SegmentTable.ALIGNMENT;
    }

    int liveCount(int segment) {
        return liveCounts[segment];
    }

    /** Charge of the live images. */
    int charge(int segment) {
        return charges[segment];
    }

    boolean isLive(int segment, int entry) {
        return (live[word(segment, entry)] & (1L << entry)) != 0;
    }

    /** Notes what the segment's table is; its images were made live one by one. */
    void written(int segment, long writeNumber, int tableCrc, int count, int writtenBytes) {
        writeNumbers[segment] = writeNumber;
        tableCrcs[segment] = tableCrc;
        counts[segment] = (char) count;
        sectors[segment] = (char) (writtenBytes / SegmentTable.ALIGNMENT);
        changed(segment);
    }

    void revive(int segment, int entry, int charge) {
        live[word(segment, entry)] |= 1L << entry;
        liveCounts[segment]++;
        charges[segment] += charge;
        changed(segment);
    }

    void kill(int segment, int entry, int charge) {
        if (!isLive(segment, entry)) {
            throw new IllegalStateException("image is dead already: segment=" + segment + ", entry=" + entry);
        }
        live[word(segment, entry)] &= ~(1L << entry);
        liveCounts[segment]--;
        charges[segment] -= charge;
        changed(segment);
    }

    /** Adds what only the table tells: the charge of a live image. Used while loading. */
    void charge(int segment, int charge) {
        charges[segment] += charge;
    }

    /** Writes the stale pages of {@code slot} and returns the CRC over all of its pages. */
    int write(BlockDevice device, int slot) {
        int index = 0;
        while (index < layout.pages()) {
            if (!stale[slot][index]) {
                index++;
                continue;
            }
            int first = index;
            while (index < layout.pages() && stale[slot][index] && index - first < BATCH) {
                encode(slot, index, index - first);
                index++;
            }
            long bytes = (long) (index - first) * DirectoryPage.LENGTH;
            long offset = layout.directoryOffset(slot) + (long) first * DirectoryPage.LENGTH;
            device.write(transfer.reset(offset).add(buffer, 0, bytes), IoRole.CHECKPOINT);
            Arrays.fill(stale[slot], first, index, false);
        }
        return crcOfPages(slot);
    }

    /** Reads all pages of {@code slot}; the object is fresh. */
    void read(BlockDevice device, int slot, CheckpointRoot root) {
        for (int first = 0; first < layout.pages(); first += BATCH) {
            int pages = Math.min(BATCH, layout.pages() - first);
            long offset = layout.directoryOffset(slot) + (long) first * DirectoryPage.LENGTH;
            long bytes = (long) pages * DirectoryPage.LENGTH;
            device.read(transfer.reset(offset).add(buffer, 0, bytes), IoRole.CHECKPOINT);
            for (int i = 0; i < pages; i++) {
                decode(slot, first + i, i, root.writeNumber());
            }
        }
        if (crcOfPages(slot) != root.directoryCrc()) {
            throw corrupt(slot, 0, "reason=pages are not those of the root, generation=" + root.generation());
        }
        Arrays.fill(stale[slot], false);
    }

    private void encode(int slot, int index, int at) {
        long start = (long) at * DirectoryPage.LENGTH;
        page.wrap(buffer, start).clear(pool, index, slot);
        int first = index * perPage;
        int end = Math.min(first + perPage, layout.segmentCount());
        for (int segment = first; segment < end; segment++) {
            if (liveCounts[segment] == 0) {
                continue;
            }
            int entry = segment - first;
            page.entry(entry, writeNumbers[segment], tableCrcs[segment], counts[segment], sectors[segment]);
            for (int i = 0; i < layout.entries() / Byte.SIZE; i++) {
                long bits = live[segment * words + (i >>> 3)] >>> ((i & 7) << 3);
                page.live(entry, i, (int) bits & 0xff);
            }
        }
        page.crc(crc.of(start + DirectoryPage.CRC_FROM, DirectoryPage.LENGTH - DirectoryPage.CRC_FROM));
        pageCrcs[slot][index] = page.crc();
    }

    private void decode(int slot, int index, int at, long highestWriteNumber) {
        long start = (long) at * DirectoryPage.LENGTH;
        page.wrap(buffer, start);
        int found = crc.of(start + DirectoryPage.CRC_FROM, DirectoryPage.LENGTH - DirectoryPage.CRC_FROM);
        if (page.magic() != DirectoryPage.MAGIC
                || page.crc() != found
                || !page.isOf(pool)
                || page.pageIndex() != index
                || page.slot() != slot) {
            throw corrupt(slot, index, "reason=magic, crc, uuid or address");
        }
        pageCrcs[slot][index] = found;
        int first = index * perPage;
        int end = Math.min(first + perPage, layout.segmentCount());
        for (int segment = first; segment < end; segment++) {
            int entry = segment - first;
            if (page.writeNumber(entry) != 0) {
                take(segment, entry);
            }
            if (page.writeNumber(entry) < 0
                    || page.writeNumber(entry) > highestWriteNumber
                    || counts[segment] > layout.entries()
                    || writtenBytes(segment) > layout.segmentBytes()
                    || highestBit(segment) >= counts[segment]) {
                throw corrupt(slot, index, "reason=impossible entry, segment=" + segment);
            }
        }
    }

    private void take(int segment, int entry) {
        writeNumbers[segment] = page.writeNumber(entry);
        tableCrcs[segment] = page.tableCrc(entry);
        counts[segment] = (char) page.count(entry);
        sectors[segment] = (char) page.sectors(entry);
        for (int i = 0; i < layout.entries() / Byte.SIZE; i++) {
            long bits = page.live(entry, i);
            live[segment * words + (i >>> 3)] |= bits << ((i & 7) << 3);
            liveCounts[segment] += Long.bitCount(bits);
        }
    }

    /** Highest live entry, or -1. */
    private int highestBit(int segment) {
        for (int word = words - 1; word >= 0; word--) {
            long bits = live[segment * words + word];
            if (bits != 0) {
                return word * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(bits);
            }
        }
        return -1;
    }

    private int crcOfPages(int slot) {
        crc.begin();
        for (int value : pageCrcs[slot]) {
            crc.addInt(value);
        }
        return crc.value();
    }

    private void changed(int segment) {
        stale[0][segment / perPage] = true;
        stale[1][segment / perPage] = true;
    }

    private int word(int segment, int entry) {
        return segment * words + entry / Long.SIZE;
    }

    private CorruptSpaceException corrupt(int slot, int index, String facts) {
        return new CorruptSpaceException(
                BlockSpaceException.Code.NEEDS_CHECK,
                "segment directory page",
                layout.directoryOffset(slot) + (long) index * DirectoryPage.LENGTH,
                facts + ", page=" + index + ", slot=" + slot);
    }
}
