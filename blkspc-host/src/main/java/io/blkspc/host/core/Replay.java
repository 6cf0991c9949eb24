package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.NodeCache;
import io.blkspc.host.journal.JournalScan;
import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.journal.RecordVisitor;
import io.blkspc.host.journal.ScanResult;
import io.blkspc.host.journal.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies the journal to the state of the checkpoint (SEMANTICS R3). At or below the highest mark found anywhere an entry's
 * data is known to be there, and may have been overwritten in place since: it is not looked at. Above it each entry that
 * carries a checksum is compared with what the medium holds, and left out alone when that is something else: its data never
 * arrived, and the block it would have replaced was not reused.
 */
final class Replay implements RecordVisitor {

    private static final Logger log = LoggerFactory.getLogger(Replay.class);

    private final Superblock superblock;
    private final PoolDevices devices;
    private final Catalogue catalogue;
    private final ExtentTree tree;
    private final Drops drops;
    private final Arena arena = Arena.ofAuto();
    private final DataChecksum checksum = new DataChecksum();
    private final boolean verifyData;
    private MediumWindow medium;
    private ByteBuffer view;
    private MemorySegment payload = arena.allocate(64 << 10, 8);
    private long mark;
    private long records;
    private long leftOut;
    private long lastSequence;
    private boolean isApplying;
    private FreeSpace reused;
    private boolean isSalvaging;
    private LongSupplier liveMark;
    private long limit = Long.MAX_VALUE;
    private final List<CorruptSpaceException> notThere = new ArrayList<>();
    private CorruptSpaceException stop; // what a salvage could not apply

    Replay(
            Superblock superblock,
            PoolDevices devices,
            Catalogue catalogue,
            NodeCache cache,
            ExtentTree tree,
            boolean verifyData) {
        this.verifyData = verifyData;
        this.superblock = superblock;
        this.devices = devices;
        this.catalogue = catalogue;
        this.tree = tree;
        this.drops = new Drops(catalogue, cache, null, null, null);
    }

    /**
     * Replays everything and returns the last sequence.
     *
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when a record that was forced is missing or damaged (contract D14)
     */
    long run() {
        CorruptSpaceException damage = runToDamage();
        if (damage != null) {
            throw damage;
        }
        return lastSequence;
    }

    /**
     * Replays up to the end or to the first record that was forced and is missing or damaged.
     *
     * @return what is wrong with that record, or {@code null}
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when a record cannot be applied to the checkpoint
     */
    CorruptSpaceException runToDamage() {
        lastSequence = superblock.checkpointSequence();
        CorruptSpaceException damage = null;
        try (BlockDevice journal = devices.journal().openMedium();
                BlockDevice blocks = liveMark == null ? devices.data().openMedium() : null) {
            medium = new MediumWindow(liveMark == null ? blocks : devices.data());
            view = medium.memory().asByteBuffer();
            ScanResult result = JournalScan.scan(journal, superblock.poolUuid(), superblock.replayStart(), this);
            // What was appended while the ring was read may be there in part, also before what is there whole.
            if (result.tailDamagedAtOrBelowForced() && result.lastSequence() < limit) {
                damage = new CorruptSpaceException(
                        Code.NEEDS_CHECK,
                        "journal",
                        result.endPosition(),
                        "lastSequence=" + result.lastSequence() + ", forced="
                                + Math.max(result.highestForced(), result.highestMark()));
            }
        } catch (CorruptSpaceException e) {
            if (isApplying) {
                throw e;
            }
            damage = e;
        }
        damage = stop == null ? damage : stop;
        catalogue.reaping.rebuild(); // records name versions in the order of the run that wrote them
        log.info(
                "replayed {} records up to sequence={}, left out {} entries whose data had not arrived",
                records,
                lastSequence,
                leftOut);
        return damage;
    }

    /**
     * A record that cannot be applied, because a node it needs is damaged, is then taken as the damage of the journal: it and
     * all that follow give blocks away and do nothing else. Steps of the reaper that only give space back are left out.
     */
    Replay salvaging() {
        isSalvaging = true;
        return this;
    }

    /**
     * The pool is open in this process: every record that was appended counts. An entry above the mark whose data is not there is
     * told by {@link #notThere}, as long as the record is above the durable mark of the running pool still: nobody may write to
     * its blocks until then (R1), so what differs is damage. The data is read as clients read it, because it may not be on the
     * medium yet.
     *
     * @param durableMark of the running pool
     */
    Replay telling(LongSupplier durableMark) {
        liveMark = durableMark;
        return this;
    }

    /** Records that were appended later than this one are left out. */
    Replay upTo(long sequence) {
        limit = sequence;
        return this;
    }

    /** What {@link #telling} found. */
    List<CorruptSpaceException> notThere() {
        return notThere;
    }

    /** Sequence of the last record applied, or that of the checkpoint. */
    long lastSequence() {
        return lastSequence;
    }

    /**
     * Blocks that records past the damage gave to somebody: what they hold now is not what older records mapped. {@code null}
     * when there are none.
     */
    FreeSpace reused() {
        return reused;
    }

    @Override
    public void marks(long highestMark, long highestForced) {
        mark = highestMark;
    }

    @Override
    public void record(long sequence, RecordType type, long recordMark, long forced, RecordReader reader) {
        if (sequence > limit) {
            return;
        }
        if (stop != null) {
            beyond(type, reader);
            return;
        }
        records++;
        isApplying = true;
        try {
            apply(sequence, type, reader);
        } catch (CorruptSpaceException e) {
            if (!isSalvaging) {
                throw e;
            }
            stop = e;
            isApplying = false;
            return;
        }
        isApplying = false;
        lastSequence = sequence;
    }

    @Override
    public void beyond(RecordType type, RecordReader reader) {
        if (type != RecordType.EXTENTS) {
            return;
        }
        giveAway(read(reader));
    }

    private void giveAway(ExtentsPayload extents) {
        if (reused == null) {
            reused = new FreeSpace(superblock.dataBytes() / Geometry.BLOCK_BYTES);
        }
        for (int i = 0; i < extents.count(); i++) {
            long end = extents.physicalBlock(i) + extents.blockCount(i);
            if (extents.state(i) != ExtentsPayload.NONE && end <= reused.blockCount()) {
                reused.markHeld(extents.physicalBlock(i), extents.blockCount(i));
            }
        }
    }

    private void apply(long sequence, RecordType type, RecordReader reader) {
        switch (type) {
            case EXTENTS -> extents(sequence, reader);
            case CREATE -> catalogue.create((LogRecord.Create) LogRecord.read(type, reader));
            case SNAPSHOT -> catalogue.snapshot((LogRecord.Snapshot) LogRecord.read(type, reader));
            case CLONE -> catalogue.cloneHeads((LogRecord.Clone) LogRecord.read(type, reader));
            case DESTROY -> {
                catalogue.destroy((LogRecord.Destroy) LogRecord.read(type, reader), 0);
            }
            case RENAME -> catalogue.rename((LogRecord.Rename) LogRecord.read(type, reader));
            case ROLLBACK -> catalogue.rollback((LogRecord.Rollback) LogRecord.read(type, reader), 0);
            case HOLD -> catalogue.hold((LogRecord.Hold) LogRecord.read(type, reader));
            case RESIZE -> catalogue.resize((LogRecord.Resize) LogRecord.read(type, reader));
            case REAP -> {
                LogRecord.Reap reap = (LogRecord.Reap) LogRecord.read(type, reader);
                if (!isSalvaging || reap.step().changesVersions()) {
                    catalogue.reaping.apply(reap, tree, drops, Reaper.STEP_LEAVES, sequence);
                }
            }
            case MARK -> {}
            default -> throw reader.corrupt("type=" + type);
        }
    }

    private void extents(long sequence, RecordReader reader) {
        ExtentsPayload extents = read(reader);
        try {
            extents(sequence, extents);
        } catch (CorruptSpaceException e) {
            if (isSalvaging) {
                giveAway(extents);
            }
            throw e;
        }
    }

    private void extents(long sequence, ExtentsPayload extents) {
        drops.begin(catalogue.require(extents.versionId()), sequence, null);
        for (int i = 0; i < extents.count(); i++) {
            if (verifyData && sequence > mark && extents.hasCrc(i) && !arrived(extents, i)) {
                leftOut++;
            } else {
                if (liveMark != null && sequence > mark && extents.hasCrc(i)) {
                    compare(sequence, extents, i);
                }
                catalogue.extent(extents, i, tree, drops);
            }
        }
    }

    /** What was read ahead may be older than the record: a difference counts when it is there in a new read too. */
    private void compare(long sequence, ExtentsPayload extents, int entry) {
        if (hasItsData(extents, entry)) {
            return;
        }
        medium.forget();
        if (!hasItsData(extents, entry) && sequence > liveMark.getAsLong()) {
            notThere.add(new CorruptSpaceException(
                    Code.CORRUPT,
                    "data of a record",
                    extents.physicalBlock(entry) << Geometry.BLOCK_SHIFT,
                    "sequence=" + sequence + ", version=" + extents.versionId() + ", block=" + extents.startBlock(entry)
                            + ", blocks=" + extents.blockCount(entry)));
        }
    }

    /** What cannot be read is found when the blocks are. */
    private boolean hasItsData(ExtentsPayload extents, int entry) {
        try {
            return arrived(extents, entry);
        } catch (BlockSpaceException unreadable) {
            if (unreadable.code() != Code.IO) {
                throw unreadable;
            }
            return true;
        }
    }

    private ExtentsPayload read(RecordReader reader) {
        int length = reader.remaining();
        if (length > payload.byteSize()) {
            payload = arena.allocate(length, 8);
        }
        reader.getBytes(payload, 0, length);
        return ExtentsPayload.view(payload.asSlice(0, length));
    }

    private boolean arrived(ExtentsPayload extents, int entry) {
        long offset = extents.physicalBlock(entry) << Geometry.BLOCK_SHIFT;
        long length = extents.blockCount(entry) << Geometry.BLOCK_SHIFT;
        if (length > Geometry.MAX_WINDOW_BYTES
                || offset + length > devices.data().sizeBytes()) {
            throw new CorruptSpaceException(
                    Code.NEEDS_CHECK, "extents record", 0, "offset=" + offset + ", length=" + length);
        }
        int start = (int) medium.load(offset, length);
        return checksum.reset()
                        .update(view.clear().position(start).limit(start + (int) length))
                        .value()
                == extents.crc(entry);
    }
}
