package io.blkspc.host.journal;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/**
 * The journal: a ring of records on a preallocated device, each one device write. See docs/format/journal.md.
 *
 * <p>The caller's order lock guards {@link #append}, {@link #releaseUpTo} and the room questions; {@link #force} is called
 * by any thread without it. {@link #lastSequence}, {@link #usedBytes} and {@link #isFailed} may be read by any thread.
 *
 * <p>States: <em>open</em> until the first exception of the device, then <em>failed</em> for good: what the failed write
 * or force left on the medium is unknown, so nothing may be appended after it and no force may report success (DURABILITY
 * D12). A write that found no room ({@code OUT_OF_BACKING}) is not such an exception: what it left behind the last record is
 * a torn tail, which the next append writes over (D10).
 *
 * <ul>
 *   <li>I1: {@code usedBytes() < capacityBytes()}; the ring is never completely full, so start = position means empty.
 *   <li>I2: start and position are multiples of 512 below the capacity.
 *   <li>I3: records up to the one last released are never read again; all later ones are intact in the ring.
 * </ul>
 */
public final class Journal implements AutoCloseable {

    /** Smallest ring. */
    public static final int MIN_CAPACITY_BYTES = 16 * JournalRecordHeader.ALIGNMENT;

    /** Largest payload of any journal; small rings take less. */
    public static final int MAX_PAYLOAD_BYTES = 1 << 20;

    /**
     * Room kept for records that give space back or end a shortage (destroy, reap, mark, those of a checkpoint): an
     * ordinary append leaves it free. Rings below 512 KiB keep an eighth.
     */
    public static final int RESERVE_BYTES = 64 << 10;

    private final BlockDevice device;
    private final UUID pool;
    private final long salt;
    private final long capacity;
    private final long reserve;
    private final int maxPayload;
    // Freed with its last user, for a pool whose opening failed, or which a simulated crash cut off, is never closed.
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment staging;
    private final MemorySegment zeros;
    private final Crc32c crc;
    private final Transfer transfer = new Transfer();
    private final JournalRecordHeader header = new JournalRecordHeader();
    private final RecordPositions positions;

    private int previousCrc;
    private volatile long start;
    private volatile long position;
    private volatile long lastSequence;
    private volatile boolean failed;

    private Journal(BlockDevice device, UUID pool, long salt, long nextSequence, RecordPositions positions) {
        this.device = device;
        this.pool = pool;
        this.salt = salt;
        this.positions = positions;
        capacity = capacityOf(device);
        reserve = Math.min(RESERVE_BYTES, alignDown(capacity / 8));
        maxPayload = maxPayloadBytes(capacity);
        staging = arena.allocate(JournalRecordHeader.totalLengthFor(maxPayload), 4096);
        zeros = arena.allocate(JournalRecordHeader.ALIGNMENT);
        crc = new Crc32c(staging);
        lastSequence = nextSequence - 1;
    }

    /**
     * A journal that goes on where a scan or a superblock says.
     *
     * @param device the ring; its size, rounded down to 512 bytes, is the capacity
     * @param salt epoch salt of this run: a new one after create and after recovery
     * @param position byte offset where the next record goes
     * @param nextSequence sequence the next record gets, at least 1
     * @param previousCrc CRC of the record before it, or what the superblock says
     * @param startPosition where replay would start; equal to {@code position} when nothing is to be replayed
     * @throws IllegalArgumentException when a position is outside the ring or the ring below {@link #MIN_CAPACITY_BYTES}
     */
    public static Journal open(
            BlockDevice device,
            UUID pool,
            long salt,
            long position,
            long nextSequence,
            int previousCrc,
            long startPosition) {
        long capacity = capacityOf(device);
        if (capacity < MIN_CAPACITY_BYTES) {
            throw new IllegalArgumentException("journal is too small: bytes=" + capacity);
        }
        checkPosition(position, capacity);
        checkPosition(startPosition, capacity);
        if (nextSequence < 1) {
            throw new IllegalArgumentException("sequences start at 1: nextSequence=" + nextSequence);
        }
        RecordPositions positions = new RecordPositions(capacity, nextSequence - 1, position, previousCrc);
        Journal journal = new Journal(device, pool, salt, nextSequence, positions);
        journal.previousCrc = previousCrc;
        journal.start = startPosition;
        journal.position = position;
        return journal;
    }

    /** Bytes of the ring. */
    public long capacityBytes() {
        return capacity;
    }

    /** Bytes from the start of what recovery would replay to the end of the last record. */
    public long usedBytes() {
        return distance(start, position);
    }

    /** Largest payload {@link #append} takes: 1 MiB, or about a quarter of a small ring. */
    public int maxPayloadBytes() {
        return maxPayload;
    }

    /** Sequence of the last record appended. */
    public long lastSequence() {
        return lastSequence;
    }

    /** {@code true} after the first write or force that failed. */
    public boolean isFailed() {
        return failed;
    }

    /** As {@link #fits(int, boolean)} without the reserve. */
    public boolean fits(int payloadBytes) {
        return fits(payloadBytes, false);
    }

    /**
     * Whether a record with that payload has room now, padding at the end of the ring included.
     *
     * @param useReserve {@code true} for records that help to end a shortage (see {@link #RESERVE_BYTES})
     */
    public boolean fits(int payloadBytes, boolean useReserve) {
        int total = JournalRecordHeader.totalLengthFor(payloadBytes);
        long toEnd = capacity - position;
        long needed = total <= toEnd ? total : toEnd + total;
        long limit = capacity - JournalRecordHeader.ALIGNMENT - (useReserve ? 0 : reserve);
        return payloadBytes <= maxPayload && usedBytes() + needed <= limit;
    }

    /** Whether that many records with at most that payload have room now one after the other, the end of the ring included. */
    public boolean fits(int payloadBytes, int count) {
        return usedBytes() + needed(payloadBytes, count) <= capacity - JournalRecordHeader.ALIGNMENT;
    }

    /** Whether they would have room if nothing else was in the journal. */
    public boolean couldFit(int payloadBytes, int count) {
        return needed(payloadBytes, count) <= capacity - JournalRecordHeader.ALIGNMENT;
    }

    /** One of them may meet the end of the ring, which costs less than its length. */
    private static long needed(int payloadBytes, int count) {
        return (count + 1L) * JournalRecordHeader.totalLengthFor(payloadBytes);
    }

    /**
     * Appends one record with one device write (one more when the ring wraps). On return the record survives the death of
     * the process; it survives a power cut after a {@link #force} that began later.
     *
     * @param payload any memory; its first {@code payloadBytes} bytes are copied before the write
     * @param mark H1 of this moment, below the record's sequence
     * @param forced F of this moment, below the record's sequence
     * @return the record's sequence
     * @throws IllegalStateException when the record does not fit: the caller asks {@link #fits} first
     * @throws BlockSpaceException {@code FAILED} after an earlier failure; {@code OUT_OF_BACKING} when there was no room for
     *     it, and nothing is appended; otherwise what the device threw, and failed now
     */
    public long append(RecordType type, MemorySegment payload, int payloadBytes, long mark, long forced) {
        refuseWhenFailed();
        long sequence = lastSequence + 1;
        if (type == RecordType.PAD || payloadBytes < 0 || mark >= sequence || forced >= sequence) {
            throw new IllegalArgumentException("no such record: type=" + type + ", payload=" + payloadBytes + ", mark="
                    + mark + ", forced=" + forced + ", sequence=" + sequence);
        }
        if (!fits(payloadBytes, true)) {
            throw new IllegalStateException("journal has no room: payload=" + payloadBytes + ", used=" + usedBytes()
                    + ", capacity=" + capacity);
        }
        int total = JournalRecordHeader.totalLengthFor(payloadBytes);
        if (total > capacity - position) {
            int rest = (int) (capacity - position);
            stage(RecordType.PAD, 0, rest, mark, forced);
            write(JournalRecordHeader.LENGTH, rest);
        }
        MemorySegment.copy(payload, 0, staging, JournalRecordHeader.LENGTH, payloadBytes);
        stage(type, payloadBytes, total, mark, forced);
        write(total, total);
        lastSequence = sequence;
        positions.add(position, previousCrc);
        return sequence;
    }

    /**
     * Writes noise where a record with that payload would go next, so that the write of the record itself finds its room in
     * the backing store (D10); noise, because a store that compresses takes zeros without having room for anything else. No
     * sector of it begins as a record does. Nothing is appended: what follows the last record is a torn tail. A force between
     * the two may take that room away again on a file system that never writes in place.
     *
     * @throws BlockSpaceException as {@link #append}
     */
    public void prepare(int payloadBytes) {
        prepare(payloadBytes, 1);
    }

    /** The same for several of them, one after the other, which {@link #fits(int, int)}. */
    public void prepare(int payloadBytes, int count) {
        refuseWhenFailed();
        int total = JournalRecordHeader.totalLengthFor(payloadBytes);
        fillWithNoise(total);
        long at = position;
        for (int i = 0; i < count; i++) {
            if (total > capacity - at) {
                writeAt(at, JournalRecordHeader.ALIGNMENT);
                at = 0;
            }
            writeAt(at, total);
            at = at + total == capacity ? 0 : at + total;
        }
    }

    private void fillWithNoise(int length) {
        long noise = position ^ lastSequence << 32;
        for (int at = 0; at < length; at += Long.BYTES) {
            noise += 0x9e3779b97f4a7c15L; // the increment and the mixing of SplitMix64
            long mixed = (noise ^ noise >>> 30) * 0xbf58476d1ce4e5b9L;
            staging.set(ValueLayout.JAVA_LONG, at, at % JournalRecordHeader.ALIGNMENT == 0 ? 0 : mixed ^ mixed >>> 27);
        }
    }

    /** Byte offset of the record after {@code sequence}, for the superblock; the sequence must not be released. */
    public long positionAfter(long sequence) {
        return positions.end(sequence);
    }

    /** Previous CRC the record after {@code sequence} carries, for the superblock. */
    public int crcAfter(long sequence) {
        return positions.crc(sequence);
    }

    /**
     * Gives the room of every record up to {@code sequence} back. Only after both superblock copies name a checkpoint at
     * or after it (SEMANTICS R10).
     */
    public void releaseUpTo(long sequence) {
        long end = positions.end(sequence);
        positions.dropBelow(sequence);
        start = end;
    }

    /**
     * Makes every record whose append returned before this call durable.
     *
     * @throws BlockSpaceException as the device threw it, and failed from now on
     */
    public void force() {
        refuseWhenFailed();
        boolean done = false;
        try {
            device.force(IoRole.JOURNAL);
            done = true;
        } finally {
            if (!done) {
                failed = true;
            }
        }
        // Another thread's append may have failed meanwhile: then this success must not be reported.
        refuseWhenFailed();
    }

    /** Ends it; the device stays open. No other call may be under way or follow. */
    @Override
    public void close() {
        failed = true;
    }

    /** Completes header, padding and both CRCs of the record that starts at the current position. */
    private void stage(RecordType type, int payloadBytes, int total, long mark, long forced) {
        int payloadEnd = JournalRecordHeader.LENGTH + payloadBytes;
        boolean pad = type == RecordType.PAD;
        header.wrap(staging, 0)
                .clearReserved()
                .magic(JournalRecordHeader.MAGIC)
                .previousCrc(previousCrc)
                .pool(pool)
                .salt(salt)
                .sequence(lastSequence + 1)
                .mark(mark)
                .forced(forced)
                .position(position)
                .type(type)
                .payloadLength(payloadBytes)
                .totalLength(total);
        int staged = pad ? JournalRecordHeader.ALIGNMENT : total;
        MemorySegment.copy(zeros, 0, staging, payloadEnd, staged - payloadEnd);
        header.payloadCrc(pad ? 0 : crc.of(JournalRecordHeader.LENGTH, total - JournalRecordHeader.LENGTH));
        header.headerCrc(
                crc.of(JournalRecordHeader.CRC_FROM, JournalRecordHeader.LENGTH - JournalRecordHeader.CRC_FROM));
    }

    /** Writes the staged bytes, whole sectors, and moves the position by {@code advance}. */
    private void write(int length, int advance) {
        writeAt(position, (length + JournalRecordHeader.ALIGNMENT - 1) & -JournalRecordHeader.ALIGNMENT);
        previousCrc = header.headerCrc();
        long next = position + advance;
        position = next == capacity ? 0 : next;
    }

    private void writeAt(long offset, int length) {
        boolean isIntact = false;
        try {
            device.write(transfer.reset(offset).add(staging, 0, length), IoRole.JOURNAL);
            isIntact = true;
        } catch (BlockSpaceException e) {
            isIntact = e.code() == BlockSpaceException.Code.OUT_OF_BACKING;
            throw e;
        } finally {
            if (!isIntact) {
                failed = true;
            }
        }
    }

    private void refuseWhenFailed() {
        if (failed) {
            throw new BlockSpaceException(
                    BlockSpaceException.Code.FAILED, "journal has failed: lastSequence=" + lastSequence);
        }
    }

    private long distance(long from, long to) {
        return to >= from ? to - from : to + capacity - from;
    }

    static long capacityOf(BlockDevice device) {
        return alignDown(device.sizeBytes());
    }

    /** Largest payload in a ring of that many bytes. Part of the format: a reader refuses a longer one. */
    static int maxPayloadBytes(long capacity) {
        return (int) Math.min(MAX_PAYLOAD_BYTES, alignDown(capacity / 4) - JournalRecordHeader.LENGTH);
    }

    private static long alignDown(long bytes) {
        return bytes & -JournalRecordHeader.ALIGNMENT;
    }

    private static void checkPosition(long position, long capacity) {
        if (position < 0 || position >= capacity || position % JournalRecordHeader.ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "not a position in the ring: position=" + position + ", capacity=" + capacity);
        }
    }
}
