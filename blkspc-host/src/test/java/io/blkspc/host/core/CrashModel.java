package io.blkspc.host.core;

import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.core.FlatState.Extents;
import io.blkspc.host.core.FlatState.Pointer;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import io.blkspc.host.journal.PoolState;
import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.journal.ReplayStart;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Follows the journal of a running pool and works out, for any crash state, what a recovery must come to: by rules R1 to R11
 * on flat maps, sharing nothing with the engine but the parsing of records. One history; one thread at a time.
 */
public final class CrashModel {

    /** What an image told. Counts are of entries unless they say otherwise. */
    public static final class Prediction {
        private final FlatState state;
        long lastSequence;
        long mark;
        public int kept;
        public int dropped;
        public int withoutCrc;
        public int overwritten;
        public int partlyDroppedRecords;
        public boolean beyondGap;
        public boolean markFromBeyondGap;
        private boolean damaged;
        public boolean olderSalt;
        public boolean olderLap;
        public boolean copiesDiffer;
        public int volumesAboveMark;

        Prediction(FlatState state) {
            this.state = state;
        }

        private long forced;

        /** Last sequence a recovery applies. */
        public long lastSequence() {
            return lastSequence;
        }

        /** Sequences up to here were forced, and a record or superblock that is left says so. */
        public long forced() {
            return forced;
        }

        /** Forced records are missing: a recovery must refuse. */
        public boolean isDamaged() {
            return damaged;
        }

        /** The records a replay needs. */
        public List<JournalImage.Found> chain(SimDisk image) {
            return JournalImage.of(image.device("journal")).chain(start);
        }

        private ReplayStart start;

        /**
         * Damages a sector of a record that must be replayed and that a later record says was forced; {@code false} when
         * there is none.
         */
        public boolean damageForcedRecord(SimDisk image, SplittableRandom choice) {
            if (start == null) {
                return false;
            }
            SimDevice journal = image.device("journal");
            List<JournalImage.Found> forcedOnes = JournalImage.of(journal).chain(start).stream()
                    .filter(record -> record.sequence() <= Math.min(forced, lastSequence - 1))
                    .toList();
            if (forcedOnes.isEmpty()) {
                return false;
            }
            JournalImage.Found record = forcedOnes.get(choice.nextInt(forcedOnes.size()));
            int sectors = 1 + (JournalImage.HEADER_BYTES + record.payloadLength() - 1) / JournalImage.ALIGNMENT;
            long sector = record.at() + (long) JournalImage.ALIGNMENT * choice.nextInt(sectors);
            byte[] damage = new byte[JournalImage.ALIGNMENT];
            if (Arrays.equals(journal.peek(sector, damage.length), damage)) {
                Arrays.fill(
                        damage, (byte) -1); // the last bytes of a payload may be zeros: they must change to be damaged
            }
            journal.poke(sector, damage);
            return true;
        }
    }

    /** One journal, from one change of salt to the next. */
    private static final class Run {
        final FlatState base;
        final TreeMap<Long, Object> facts = new TreeMap<>(); // null values are marks
        ReplayStart next;

        Run(FlatState base, ReplayStart next) {
            this.base = base;
            this.next = next;
        }

        FlatState at(long sequence) {
            FlatState state = base.copy();
            facts.headMap(sequence, true).values().forEach(fact -> state.apply(fact, new BitSet()));
            return state;
        }
    }

    private final Map<Long, Run> runs = new HashMap<>();
    private FlatState recovered = new FlatState();
    private long recoveredSequence;

    /** Begins with a pool as it is, open and quiet and not written to since. */
    public void adopt(HostPool pool) {
        Engine engine = pool.engine();
        recovered = new FlatState();
        recovered.epoch = engine.catalogue.epoch;
        for (Version v : engine.catalogue.versions()) {
            long parent = v.parent == null ? 0 : v.parent.id;
            require(v.gone.isEmpty(), "a pool whose hidden trees are whole: " + v);
            Map<Long, Pointer> map = v.isDetached() ? Map.of() : wholeMap(engine.tree, v);
            FlatState.Flat flat = new FlatState.Flat(v.id, v.name, parent, v.freezeEpoch, v.sizeBytes, map);
            recovered.versions.put(v.id, flat);
        }
        recoveredSequence = engine.journal.lastSequence();
    }

    // ---- following ----

    /** Takes in what the pool on {@code disk} has appended. Call it before records can be overwritten. */
    public void follow(SimDisk disk) {
        SimDisk image = disk.killImage();
        Superblock superblock = superblock(image);
        Run run = run(superblock);
        JournalImage ring = JournalImage.of(image.device("journal"));
        for (JournalImage.Found record : ring.chain(run.next)) {
            run.facts.put(record.sequence(), parse(record.type(), ring.payload(record)));
            long end = (record.at() + record.totalLength()) % superblock.journalBytes();
            run.next = new ReplayStart(superblock.salt(), record.sequence() + 1, end, record.headerCrc(), 0, 0);
        }
    }

    private Run run(Superblock superblock) {
        return runs.computeIfAbsent(superblock.salt(), salt -> {
            // Only a recovery makes a new salt, and the only one not known yet is the one predicted last.
            if (superblock.checkpointSequence() != recoveredSequence) {
                throw new AssertionError("recovery ended at sequence=" + superblock.checkpointSequence()
                        + ", the model at " + recoveredSequence);
            }
            return new Run(recovered, superblock.replayStart());
        });
    }

    private static Superblock superblock(SimDisk image) {
        try (SuperblockStore store = new SuperblockStore(image.device("superblock"))) {
            return store.read().superblock();
        }
    }

    private static Object parse(RecordType type, RecordReader reader) {
        return switch (type) {
            case MARK -> null;
            case EXTENTS -> {
                byte[] bytes = new byte[reader.remaining()];
                reader.getBytes(MemorySegment.ofArray(bytes), 0, bytes.length);
                ExtentsPayload payload = ExtentsPayload.view(MemorySegment.ofArray(bytes));
                List<FlatState.Entry> entries = new ArrayList<>();
                for (int i = 0; i < payload.count(); i++) {
                    entries.add(new FlatState.Entry(
                            payload.startBlock(i),
                            payload.blockCount(i),
                            payload.physicalBlock(i),
                            payload.state(i),
                            payload.hasCrc(i),
                            payload.crc(i)));
                }
                yield new Extents(payload.versionId(), payload.birth(), entries);
            }
            default -> LogRecord.read(type, reader);
        };
    }

    // ---- predicting ----

    /** What a recovery of this image must come to. The image is only read. */
    public Prediction predict(SimDisk image) {
        Superblock superblock = superblock(image);
        Run run = run(superblock);
        Prediction prediction = new Prediction(run.at(superblock.checkpointSequence()));
        prediction.lastSequence = superblock.checkpointSequence();
        prediction.copiesDiffer = copiesDiffer(image, superblock);
        if (superblock.state() != PoolState.CLEAN) {
            replay(image, superblock, prediction);
            ring(image, superblock, prediction);
        }
        recovered = prediction.state;
        recoveredSequence = prediction.lastSequence;
        return prediction;
    }

    private static void replay(SimDisk image, Superblock superblock, Prediction prediction) {
        JournalImage ring = JournalImage.of(image.device("journal"));
        prediction.mark = superblock.mark();
        prediction.start = superblock.replayStart();
        long forced = superblock.forced();
        long highest = superblock.checkpointSequence();
        for (JournalImage.Found header : ring.genuine(superblock.salt())) {
            prediction.mark = Math.max(prediction.mark, header.mark());
            forced = Math.max(forced, header.forced());
            highest = header.isPad() ? highest : Math.max(highest, header.sequence());
        }
        BitSet volumes = new BitSet();
        long chainMark = superblock.mark();
        for (JournalImage.Found record : ring.chain(superblock.replayStart())) {
            chainMark = Math.max(chainMark, record.mark());
            prediction.lastSequence = record.sequence();
            Object fact = parse(record.type(), ring.payload(record));
            BitSet dropped = new BitSet();
            if (fact instanceof Extents extents) {
                boolean aboveMark = record.sequence() > prediction.mark;
                dropped = verify(image, extents, aboveMark, prediction);
                volumes.set((int) extents.versionId(), aboveMark || volumes.get((int) extents.versionId()));
            }
            prediction.state.apply(fact, dropped);
        }
        prediction.beyondGap = highest > prediction.lastSequence;
        prediction.markFromBeyondGap = prediction.mark > chainMark;
        prediction.forced = Math.max(forced, prediction.mark);
        prediction.damaged = prediction.lastSequence < Math.max(forced, prediction.mark);
        prediction.volumesAboveMark = volumes.cardinality();
    }

    /** R3: above the mark each entry with a checksum is looked at alone. */
    private static BitSet verify(SimDisk image, Extents extents, boolean aboveMark, Prediction prediction) {
        BitSet dropped = new BitSet();
        for (int i = 0; i < extents.entries().size(); i++) {
            FlatState.Entry entry = extents.entries().get(i);
            if (!entry.hasCrc()) {
                prediction.withoutCrc += aboveMark ? 1 : 0;
                continue;
            }
            byte[] data = image.device("data")
                    .peek(entry.physical() << Geometry.BLOCK_SHIFT, (int) (entry.count() << Geometry.BLOCK_SHIFT));
            boolean there = new DataChecksum().update(ByteBuffer.wrap(data)).value() == entry.crc();
            if (!aboveMark) {
                prediction.overwritten += there ? 0 : 1;
            } else if (there) {
                prediction.kept++;
            } else {
                prediction.dropped++;
                dropped.set(i);
            }
        }
        boolean partly = dropped.cardinality() > 0
                && dropped.cardinality() < extents.entries().size();
        prediction.partlyDroppedRecords += partly ? 1 : 0;
        return dropped;
    }

    /** Whether records of an older run or an older lap lie in the ring: only to know that they were met. */
    private static void ring(SimDisk image, Superblock superblock, Prediction prediction) {
        for (JournalImage.Found header :
                JournalImage.of(image.device("journal")).headers()) {
            prediction.olderSalt |= header.salt() != superblock.salt();
            prediction.olderLap |=
                    header.salt() == superblock.salt() && header.sequence() <= superblock.checkpointSequence();
        }
    }

    /** The other copy, valid or not, is of another checkpoint: a cut between the two writes of a flip. */
    private static boolean copiesDiffer(SimDisk image, Superblock newest) {
        ByteBuffer both = ByteBuffer.wrap(image.device("superblock").peek(0, SuperblockStore.DEVICE_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        long sequence = newest.checkpointSequence();
        return both.getLong(80) != sequence || both.getLong(Superblock.LENGTH + 80) != sequence;
    }

    // ---- comparing ----

    /** The engine after a recovery, or at a quiet moment, is what the prediction says: mappings, versions and space. */
    public void requireSame(HostPool pool, Prediction prediction) {
        requireSame(pool.engine(), prediction.state);
    }

    /** A running pool holds in memory what its journal says: no request is half done. */
    public void requireFollowed(HostPool pool, SimDisk disk) {
        follow(disk);
        requireSameVersions(
                pool.engine(), runs.get(superblock(disk.killImage()).salt()).at(Long.MAX_VALUE));
    }

    /** A pool that is only read is what the prediction says, up to the damage if there is any. */
    public static void requireSame(PoolView view, Prediction prediction) {
        require(
                view.lastSequence() == prediction.lastSequence,
                "read up to sequence=" + view.lastSequence() + ", in the model " + prediction.lastSequence);
        require(view.damage().isEmpty() != prediction.damaged, "damage=" + view.damage());
        requireSameVersions(view.catalogue(), view.tree(), prediction.state);
    }

    private static void requireSameVersions(Engine engine, FlatState expected) {
        requireSameVersions(engine.catalogue, engine.tree, expected);
    }

    private static void requireSameVersions(Catalogue catalogue, ExtentTree tree, FlatState expected) {
        require(catalogue.epoch == expected.epoch, "epoch=" + catalogue.epoch + ", in the model " + expected.epoch);
        require(
                catalogue.versions().size() == expected.versions.size(),
                "versions " + catalogue.versions() + ", in the model " + expected.versions.keySet());
        for (Version version : catalogue.versions()) {
            String difference = expected.difference(version, flat(tree, version));
            require(difference == null, difference);
        }
    }

    private static void requireSame(Engine engine, FlatState expected) {
        requireSameVersions(engine, expected);
        boolean sorting = engine.catalogue.reaping.setAside != null; // what was merged away holds until it is sorted
        boolean reaping = sorting;
        for (Version version : engine.catalogue.versions()) {
            // Under a branch point what all branches gave up may be given up or not yet.
            reaping |= version.isDetached() || version.isBranchPoint();
        }
        BitSet visible = expected.reach(true);
        BitSet all = expected.reach(false);
        for (int block = 0; block < engine.freeSpace.blockCount(); block++) {
            boolean used = engine.freeSpace.isUsed(block);
            require(used || !visible.get(block), "a mapped block is free: block=" + block);
            require(reaping || used || !all.get(block), "a hidden version's block is free: block=" + block);
        }
        long held = engine.freeSpace.blockCount() - engine.freeSpace.freeBlocks() - engine.quarantine.blocks();
        long used = engine.ledger.used(Resource.DATA_BLOCKS);
        require(
                used >= visible.cardinality()
                        && (sorting || used <= all.cardinality())
                        && (reaping || used == all.cardinality()),
                "used=" + used + ", held=" + held + ", the model holds " + all.cardinality());
    }

    private static Map<Long, Pointer> flat(ExtentTree tree, Version version) {
        // A part of its tree is gone.
        return version.isDetached() || version.isBranchPoint() ? Map.of() : wholeMap(tree, version);
    }

    private static Map<Long, Pointer> wholeMap(ExtentTree tree, Version version) {
        Map<Long, Pointer> map = new HashMap<>();
        tree.forEach(version.root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                return true;
            }

            @Override
            public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
                for (long i = 0; i < blockCount; i++) {
                    map.put(startBlock + i, new Pointer(physicalBlock + i, birth, state));
                }
            }
        });
        return map;
    }

    private static void require(boolean holds, String facts) {
        if (!holds) {
            throw new AssertionError("not what the model says: " + facts);
        }
    }
}
