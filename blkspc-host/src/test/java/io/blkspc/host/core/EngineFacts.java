package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import io.blkspc.host.journal.RecordWriter;
import io.blkspc.host.journal.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.agrona.collections.LongHashSet;

/**
 * The accounts of a quiet pool against brute force: walks the tree of every visible version and compares with what the engine counts.
 * Shares no arithmetic with the engine's own recovery.
 */
public final class EngineFacts {

    private final Engine engine;
    private final BitSet blocks = new BitSet();
    private final LongHashSet nodes = new LongHashSet();

    private EngineFacts(Engine engine) {
        this.engine = engine;
    }

    /** Everything the versions of a pool hold, entry for entry: what a replay of its journal must come to as well. */
    static List<String> versions(HostPool pool) {
        Catalogue catalogue = pool.engine().catalogue;
        List<String> facts = new ArrayList<>();
        for (Version version : catalogue.versions()) {
            facts.add("id=" + version.id + " name=" + version.name + " parent="
                    + (version.parent == null ? 0 : version.parent.id) + " frozen=" + version.freezeEpoch + " mapped="
                    + version.mappedBlocks + " exclusive=" + version.exclusiveBlocks + " nodes=" + version.ownedNodes
                    + " reaped=" + version.reapCursor + " dead=" + entries(version.dead) + " gone="
                    + entries(version.gone));
        }
        Reaping.SetAside aside = catalogue.reaping.setAside;
        facts.add(aside == null ? "" : "aside of " + aside.target.id + " from " + aside.cursor + entries(aside.list));
        return facts;
    }

    private static String entries(DeadList list) {
        StringBuilder entries = new StringBuilder();
        DropCounts.forEach(
                list,
                0,
                list.entryCount(),
                (start, end, birth) -> entries.append(" [")
                        .append(start)
                        .append(',')
                        .append(end)
                        .append(")@")
                        .append(birth));
        return entries.toString();
    }

    /** The ledger's own invariant, at any moment. */
    public static void requireConsistent(HostPool pool) {
        Engine engine = pool.engine();
        // In the middle of a request, while it waits for its append, some counts are ahead of others.
        engine.lock.lock();
        try {
            requireConsistent(engine);
        } finally {
            engine.lock.unlock();
        }
    }

    private static void requireConsistent(Engine engine) {
        require(engine.ledger.isConsistent(), "ledger is inconsistent: " + engine.ledger);
        for (Version version : engine.catalogue.versions()) {
            if (version.quota != null && version.isVisible()) {
                requireCovered(engine, version);
            }
        }
        long used = engine.ledger.used(Resource.DATA_BLOCKS);
        long counted = used + engine.freeSpace.freeBlocks() + engine.quarantine.blocks();
        require(
                counted == engine.freeSpace.blockCount(),
                "used + free + resting is not the capacity: used=" + used + ", free=" + engine.freeSpace.freeBlocks()
                        + ", resting=" + engine.quarantine.blocks() + ", capacity=" + engine.freeSpace.blockCount());
    }

    /** After a recovery: no block that a visible version maps is free, and its nodes are all counted. Walks every tree. */
    public static void requireNothingLiveIsFree(HostPool pool) {
        Engine engine = pool.engine();
        EngineFacts facts = new EngineFacts(engine);
        engine.lock.lock();
        try {
            engine.catalogue.visible().forEach(facts::walk);
        } finally {
            engine.lock.unlock();
        }
        facts.requireUsedBlocks();
        require(
                facts.nodes.size() <= engine.ledger.used(Resource.NODE_SLOTS),
                "live nodes=" + facts.nodes.size() + ", " + engine.ledger);
    }

    private void walk(Version version) {
        engine.tree.forEach(version.root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                return nodes.add(nodeId); // what is below was seen when it was entered first
            }

            @Override
            public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
                blocks.set((int) physicalBlock, (int) (physicalBlock + blockCount));
            }
        });
    }

    private void requireUsedBlocks() {
        for (int b = blocks.nextSetBit(0); b >= 0; b = blocks.nextSetBit(b + 1)) {
            require(engine.freeSpace.isUsed(b), "a mapped block is free: block=" + b);
        }
    }

    private static void requireCovered(Engine engine, Version version) {
        HeadQuota quota = version.quota;
        long held = 0;
        long redirected = 0;
        if (version.head != null) {
            for (HostCookie cookie : version.head.cookies) {
                held += cookie.promisedBlocks();
            }
            StageTable stages = version.head.stages;
            for (int i = 0; i < stages.size(); i++) {
                long own = stages.isFresh(i) && quota.isWhole() ? ownIn(engine, version, stages, i) : 0;
                redirected += own;
                held += stages.isFresh(i) ? stages.count(i) - own : 0;
            }
        }
        require(quota.outstanding() == held, "outstanding is wrong: " + quota + ", held=" + held);
        require(quota.redirected() == redirected, "redirected is wrong: " + quota + ", really=" + redirected);
        require(
                quota.isCovered() || engine.catalogue.reaping.isSorting(version),
                "a guarantee is not covered: " + quota + ", " + engine.ledger);
    }

    /** Blocks below a stage that are the head's own, by its tree; the stage must say so of all of them or of none. */
    private static long ownIn(Engine engine, Version version, StageTable stages, int index) {
        ExtentRun run = new ExtentRun();
        long own = 0;
        for (long at = stages.start(index); at < stages.end(index); at = run.endBlock()) {
            Catalogue.lookup(engine.tree, version, at, stages.end(index) - at, run);
            own += run.state() != ExtentRun.NONE && run.birth() > version.ownedAfter() ? run.endBlock() - at : 0;
        }
        require(
                own == (stages.isOwn(index) ? stages.count(index) : 0),
                "stage is of the other class: volume=" + version.name + ", block=" + stages.start(index) + ", own="
                        + own);
        return own;
    }

    /** {@code true} when a hidden version exists, whose blocks no visible mapping need show. */
    public static boolean hasHiddenVersions(HostPool pool) {
        return pool.engine().catalogue.versions().stream().anyMatch(version -> !version.isVisible());
    }

    /** As a shrink whose process ended before it gave up what the volume maps beyond its new end. */
    public static void shrinkAndKeepTheTail(HostPool pool, String name, long sizeBytes) {
        Engine engine = pool.engine();
        engine.checkpointer.require(Superblock.INCOMPAT_RESIZED_VOLUMES);
        engine.lock.lock();
        try {
            MemorySegment buffer = Arena.ofAuto().allocate(64, 8);
            RecordWriter writer = new RecordWriter().wrap(buffer, 0);
            LogRecord.Resize record = new LogRecord.Resize(engine.catalogue.require(name).id, sizeBytes, 0);
            record.write(writer);
            engine.append(record.type(), buffer, writer.length());
            engine.catalogue.resize(record);
        } finally {
            engine.lock.unlock();
        }
    }

    /** The epoch: one more after each freeze. */
    public static long epoch(HostPool pool) {
        return pool.engine().catalogue.epoch;
    }

    /** Records up to here are durable with their data, and the medium says so. */
    public static long durableMark(HostPool pool) {
        return pool.engine().persistence.durableMark();
    }

    /** {@code true} while records above the durable mark name data or freed blocks. */
    public static boolean isMarkBehind(HostPool pool) {
        return pool.engine().persistence.isMarkBehind();
    }

    /** Ends all writing, as a failed force does. */
    public static void fail(HostPool pool, Throwable cause) {
        pool.engine().fail(cause);
    }

    /** {@code true} while this thread holds the order lock: no request can be made then. */
    public static boolean isLocked(HostPool pool) {
        return pool.engine().lock.isHeld();
    }

    /** Node slots promised to cookies. */
    public static long promisedNodeSlots(HostPool pool) {
        return pool.engine().ledger.promised(Resource.NODE_SLOTS);
    }

    /** Node slots in use. */
    public static long usedNodeSlots(HostPool pool) {
        return pool.engine().ledger.used(Resource.NODE_SLOTS);
    }

    /** Takes steps of the reaper until a merge has set drops aside and some, not all, of them are sorted. */
    public static void stepIntoSort(HostPool pool) {
        Reaping reaping = pool.engine().catalogue.reaping;
        while (reaping.setAside == null || reaping.setAside.cursor == 0) {
            switch (pool.engine().reaper.step()) {
                case NEEDS_FORCE -> pool.engine().persistence.forceJournal();
                case PROGRESS -> {}
                default -> throw new IllegalStateException("no merge sorts anything");
            }
        }
    }

    /** Takes steps of the reaper until a version has given back some of its nodes. */
    static void stepIntoWalk(HostPool pool) {
        Reaping reaping = pool.engine().catalogue.reaping;
        while (reaping.walking() == null || reaping.walking().reapCursor == 0) {
            switch (pool.engine().reaper.step()) {
                case NEEDS_FORCE -> pool.engine().persistence.forceJournal();
                case PROGRESS -> {}
                default -> throw new IllegalStateException("nothing is walked");
            }
        }
    }

    /** Writes the mark, as the background does when it is behind. */
    public static void writeMark(HostPool pool) {
        pool.engine().persistence.advanceMark();
    }

    /** Makes the steps of the reaper small, so that a crash cuts through more of them. */
    public static void reaperSteps(HostPool pool, int entries) {
        pool.engine().reaper.stepEntries = entries;
    }

    /** {@code true} while a hidden version is half given back. */
    public static boolean isReaping(HostPool pool) {
        Catalogue catalogue = pool.engine().catalogue;
        return catalogue.reaping.setAside != null
                || catalogue.versions().stream().anyMatch(Version::isDetached);
    }

    /** {@code true} while a branch point has given up some of what all its children have, and not all of it. */
    public static boolean isGivingUp(HostPool pool) {
        return pool.engine().catalogue.versions().stream()
                .anyMatch(version -> !version.gone.isEmpty() && version.counts != null && version.counts.hasComplete());
    }

    /** {@code true} while a version waits to be given back for the record that hid it to be forced (R8). */
    public static boolean waitsForForce(HostPool pool) {
        Engine engine = pool.engine();
        Version next = engine.catalogue.reaping.next();
        return next != null && next.destroySequence > engine.persistence.journalForced();
    }

    /** {@code true} while freed blocks rest for their record to be durable, though it may be forced (R7). */
    public static boolean hasRestingBlocks(HostPool pool) {
        Engine engine = pool.engine();
        return engine.quarantine.oldestSequence() > engine.persistence.durableMark();
    }

    /** {@code true} while the journal has no room for a large record: writers wait for a checkpoint (R13). */
    public static boolean isJournalFull(HostPool pool) {
        Engine engine = pool.engine();
        return !engine.journal.fits(engine.journal.maxPayloadBytes());
    }

    /** Every count of a pool without cookies, stages or reaping under way. */
    public static void requireExact(HostPool pool) {
        requireConsistent(pool);
        pool.engine().catalogue.versions().stream()
                .filter(version -> version.quota != null && version.isVisible())
                .forEach(version -> requireExact(pool.engine(), version.quota));
        new EngineFacts(pool.engine()).check();
    }

    private static void requireExact(Engine engine, HeadQuota quota) {
        require(quota.isExact(), "more is promised than is guaranteed: " + quota);
        require(
                !quota.hasSurplus() || engine.persistence.lastUndoubted() < engine.journal.lastSequence(),
                "what is too much was not given back at a persist point: " + quota);
    }

    /** What is left in a pool without versions. */
    public static void requireEmpty(HostPool pool) {
        Engine engine = pool.engine();
        pool.flush(); // gives back what waits for a persist point
        for (Resource resource : Resource.values()) {
            require(
                    engine.ledger.used(resource) == 0 && engine.ledger.promised(resource) == 0,
                    "an empty pool uses something: " + engine.ledger);
        }
        require(engine.catalogue.versions().isEmpty(), "an empty pool has versions");
    }

    /** The version tree and the counts, for messages. */
    public static String describe(HostPool pool) {
        Engine engine = pool.engine();
        StringBuilder text = new StringBuilder();
        for (Version v : engine.catalogue.versions()) {
            text.append(v).append(" root=").append(v.root).append(" cursor=").append(v.reapCursor);
            text.append(" children=").append(v.children.size()).append(" dead=").append(v.dead.entryCount());
            text.append(" mapped=").append(v.mappedBlocks).append(" exclusive=").append(v.exclusiveBlocks);
            text.append('\n');
        }
        return text.append(engine.ledger)
                .append(" next=")
                .append(engine.catalogue.reaping.next())
                .toString();
    }

    private void check() {
        require(engine.catalogue.reaping.isIdle(), "reaper is not idle");
        long logBytes = 0;
        for (Version version : engine.catalogue.versions()) {
            if (version.isVisible()) {
                checkVersion(version);
            }
            logBytes += version.dead.bytes() + version.gone.bytes() + version.recordBytes();
            require(
                    version.isVisible() || version.children.size() > 1,
                    "a hidden version was not reaped: " + version + ", children=" + version.children.size());
        }
        requireUsed(Resource.DATA_BLOCKS, blocks.cardinality());
        requireUsed(Resource.NODE_SLOTS, nodes.size());
        requireUsed(Resource.LOG_BYTES, logBytes);
        requireUsedBlocks();
    }

    private void requireUsed(Resource resource, long expected) {
        require(
                engine.ledger.used(resource) == expected,
                "used is not what is reachable: resource=" + resource + ", used=" + engine.ledger.used(resource)
                        + ", reachable=" + expected);
    }

    private void checkVersion(Version version) {
        BitSet own = new BitSet();
        long[] exclusive = {0};
        long ownedAfter = version.ownedAfter();
        engine.tree.forEach(version.root, 0, Node.SPACE_BLOCKS, new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                nodes.add(nodeId);
                return true;
            }

            @Override
            public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
                for (long b = physicalBlock; b < physicalBlock + blockCount; b++) {
                    require(!own.get((int) b), "one block mapped twice in " + version + ": block=" + b);
                    own.set((int) b);
                }
                exclusive[0] += birth > ownedAfter ? blockCount : 0;
                require(
                        startBlock + blockCount <= version.sizeBytes >>> Geometry.BLOCK_SHIFT,
                        "mapped beyond the end: " + version);
            }
        });
        require(
                version.mappedBlocks == own.cardinality() && version.exclusiveBlocks == exclusive[0],
                "counts of " + version + ": mapped=" + version.mappedBlocks + " is " + own.cardinality()
                        + ", exclusive=" + version.exclusiveBlocks + " is " + exclusive[0]);
        blocks.or(own);
    }

    private static void require(boolean holds, String facts) {
        if (!holds) {
            throw new AssertionError(facts);
        }
    }
}
