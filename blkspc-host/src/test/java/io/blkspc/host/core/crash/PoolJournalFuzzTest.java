package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.JournalImage;
import io.blkspc.host.core.JournalImage.Found;
import io.blkspc.host.core.PoolView;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.CrashOracle.Loss;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Contract D13, D14, D15 on whole pools whose journal was damaged: either the pool is refused as damaged, or it opens and is
 * what the records up to the first bad one come to. It is refused whenever what is left says that more was forced.
 */
class PoolJournalFuzzTest {

    private static final boolean RELEASE = Boolean.getBoolean("blkspc.release");
    private static final int RING = 64 << 10;
    /** Every so many damaged pools are repaired. */
    private static final int REPAIR_EVERY = RELEASE ? 1 : 60;
    /** One in so many combinations of field and verb. */
    private static final int VERBS_PER_PUSH = 4;

    private long seed;
    private SplittableRandom random;
    private Workload workload;
    private CrashModel model;
    private SimDisk victim;
    private byte[] intact;
    /** The ring as the run before had left it. */
    private byte[] olderRun;

    private Prediction whole;
    private int refused;
    private int shorter;
    private int same;
    private int reused;
    private int looked;
    private final RepairOracle repairs = new RepairOracle();

    /** A pool in its second run, whose ring has wrapped, with forced records, unforced ones, and older ones in between. */
    @BeforeEach
    void fill() {
        seed = Seeds.next();
        random = new SplittableRandom(seed);
        workload = new Workload(random);
        model = new CrashModel();
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(2 << 20, 600, RING), seed);
        SimDisk disk = fresh.killImage();
        HostPool pool = open(disk);
        model.adopt(pool);
        follow(disk);
        run(disk, pool, 200);
        disk = disk.killImage();
        olderRun = disk.device("journal").peek(0, RING);
        model.follow(disk);
        model.predict(disk);
        pool = open(disk);
        follow(disk);
        long wrapped = pool.status().sequence() + 200;
        while (pool.status().sequence() < wrapped) {
            run(disk, pool, 10);
        }
        pool.checkpoint();
        run(disk, pool, 12);
        pool.backgroundRound();
        do { // what clients do may end with a checkpoint, after which nothing is left to damage
            run(disk, pool, 6);
            pool.flush();
            workload.oracle.flushedAll(workload.oracle.now());
            run(disk, pool, 4);
            model.follow(disk);
            victim = disk.killImage();
            intact = victim.device("journal").peek(0, RING);
            whole = model.predict(victim);
        } while (!hasForcedAndUnforced(records()));
    }

    private boolean hasForcedAndUnforced(List<Found> records) {
        return records.stream().anyMatch(record -> record.sequence() < whole.forced())
                && records.stream().anyMatch(record -> record.sequence() > whole.forced());
    }

    private void follow(SimDisk disk) {
        model.follow(disk);
        disk.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK) {
                model.follow(disk);
            }
            return null;
        });
    }

    private HostPool open(SimDisk disk) {
        return SimPool.on(disk, new InertScheduler(), random.nextLong()).open();
    }

    private void run(SimDisk disk, HostPool pool, int operations) {
        new ClientTask(workload, pool, random.nextLong(), operations).run();
        model.follow(disk);
    }

    /** Opens the pool with this journal. {@code mayLose}: damage that takes away who knew what was forced. */
    private void check(byte[] ring, boolean mayLose, String what) {
        SimDisk image = victim.killImage();
        image.device("journal").poke(0, ring);
        try {
            Prediction expected = model.predict(image);
            look(image, expected);
            try {
                HostPool pool = open(image);
                assertThat(expected.isDamaged())
                        .as("opened though forced records are missing")
                        .isFalse();
                model.requireSame(pool, expected);
                EngineFacts.requireConsistent(pool);
                PoolContent content = PoolContent.of(pool);
                if (!mayLose) {
                    workload.oracle.check(content, Loss.POWER);
                }
                shorter += expected.lastSequence() < whole.lastSequence() ? 1 : 0;
                same += expected.lastSequence() == whole.lastSequence() ? 1 : 0;
            } catch (BlockSpaceException e) {
                assertThat(e.code()).isEqualTo(Code.NEEDS_CHECK);
                assertThat(expected.isDamaged())
                        .as("refused: %s", e.getMessage())
                        .isTrue();
                refused++;
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("-Dblkspc.seed=" + seed + " " + what + ": " + e.getMessage(), e);
        }
    }

    /** Whatever is damaged, the pool can be read up to there, and nothing is written by that. */
    private void look(SimDisk image, Prediction expected) {
        SimDisk before = image.killImage();
        image.use(new InertScheduler()).faults(event -> {
            assertThat(event.op()).as("only read: %s", event).isEqualTo(IoOp.READ);
            return null;
        });
        try (PoolView view = SimPool.on(image, new InertScheduler(), seed).view()) {
            CrashModel.requireSame(view, expected);
            ReadOnlyOpeningTest.requireUnchangeable(view);
            reused += ReadOnlyOpeningTest.readAll(view);
            if (looked++ % REPAIR_EVERY == 0) {
                repairs.judge(before, RepairOracle.content(view), seed);
            }
        }
        image.reopen().faults(FaultInjector.NONE);
        assertThat(image.sameBytes(before)).as("bytes of the devices").isTrue();
    }

    private void report(String what) {
        System.out.println(
                what + ": refused=" + refused + " shorter=" + shorter + " same=" + same + " withheld=" + reused);
        System.out.println(repairs);
    }

    /** The records a replay needs, padding aside. */
    private List<Found> records() {
        return whole.chain(victim);
    }

    @Test
    void aFlippedBitIsATailOrDamage() {
        List<Found> records = records();
        int most = RELEASE ? Integer.MAX_VALUE : 900;
        for (int i = 0; i < most; i++) {
            long bit;
            if (RELEASE) {
                if (i >= RING * 8) {
                    break;
                }
                bit = i;
            } else {
                Found record = records.get(random.nextInt(records.size()));
                bit = record.at() * 8L + random.nextInt(record.totalLength() * 8);
            }
            byte[] ring = intact.clone();
            ring[(int) (bit / 8)] ^= (byte) (1 << bit % 8);
            check(ring, knowerIsHit(records, (int) (bit / 8), 1), "bit " + bit);
        }
        report("bits");
        assertThat(refused).isPositive();
        assertThat(shorter).isPositive();
    }

    /** The last forced group is known to be forced only by the superblock or by records after it. */
    private boolean knowerIsHit(List<Found> records, int at, int length) {
        return records.stream()
                .filter(record -> record.at() < at + length && at < record.at() + record.totalLength())
                .anyMatch(record -> record.sequence() > whole.forced());
    }

    @Test
    void aTruncatedRingIsATailOrDamage() {
        for (int at = 0; at < RING; at += RELEASE ? 1 : 256 + random.nextInt(512)) {
            byte[] ring = intact.clone();
            Arrays.fill(ring, at, RING, (byte) 0);
            check(ring, true, "zeros from " + at);
            ring = intact.clone();
            Arrays.fill(ring, 0, at, (byte) 0);
            check(ring, true, "zeros up to " + at);
        }
        report("truncations");
        assertThat(refused).isPositive();
    }

    /** A record somewhere: of this run, of an older lap, or of an older run. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    private record Source(byte[] ring, Found found) {

        int length() {
            boolean sane = found.totalLength() >= JournalImage.ALIGNMENT && found.totalLength() <= RING - found.at();
            return sane ? found.totalLength() : JournalImage.ALIGNMENT;
        }

        void copyTo(byte[] target, int at) {
            System.arraycopy(ring, found.at(), target, at, Math.min(length(), RING - at));
        }
    }

    private List<Source> sources() {
        List<Source> sources = new ArrayList<>();
        for (byte[] ring : List.of(intact, olderRun)) {
            new JournalImage(ring).headers().forEach(found -> sources.add(new Source(ring, found)));
        }
        return sources;
    }

    @Test
    void swappedAndDoubledRecordsAreATailOrDamage() {
        List<Source> sources = sources();
        List<Found> records = records();
        int pairs = RELEASE ? 20_000 : 300;
        for (int i = 0; i < pairs; i++) {
            Source one = new Source(intact, records.get(random.nextInt(records.size())));
            Source two = sources.get(random.nextInt(sources.size()));
            boolean swap = random.nextBoolean();
            byte[] ring = intact.clone();
            two.copyTo(ring, one.found.at());
            if (swap) {
                one.copyTo(ring, two.found.at());
            }
            check(ring, true, one.found + (swap ? " swapped with " : " overwritten by ") + two.found);
        }
        report("swaps");
        assertThat(refused).isPositive();
    }

    /** A record of another run or lap, written again at the very end: where a next record would go. */
    @Test
    void olderRecordsBehindTheEndAreNotReplayed() {
        Found last = records().getLast();
        int end = (last.at() + last.totalLength()) % RING;
        for (Source older : sources()) {
            byte[] ring = intact.clone();
            older.copyTo(ring, end);
            check(ring, true, older.found + " again at " + end);
            ByteBuffer.wrap(ring).order(ByteOrder.LITTLE_ENDIAN).putLong(end + 64, end); // its place made to fit
            JournalImage.reseal(ring, end);
            check(ring, true, older.found + " again, resealed at " + end);
        }
        report("older records");
        assertThat(same).isPositive();
        assertThat(new JournalImage(olderRun).headers().getFirst().salt())
                .isNotEqualTo(new JournalImage(intact).headers().getFirst().salt());
    }

    @Test
    void impossibleLengthsAreATailOrDamage() {
        int[] lengths = {0, 1, -1, 511, 513, RING, RING - 512, RING + 512, Integer.MAX_VALUE, Integer.MIN_VALUE};
        List<Found> records = new ArrayList<>(records());
        for (Found record : records) {
            int length = lengths[random.nextInt(lengths.length)];
            for (int field : new int[] {76, 80}) {
                byte[] ring = intact.clone();
                ByteBuffer.wrap(ring).order(ByteOrder.LITTLE_ENDIAN).putInt(record.at() + field, length);
                check(ring, true, record + " field=" + field + " length=" + length);
            }
        }
        report("lengths");
        assertThat(refused).isPositive();
    }

    /** All types of records, in a ring that holds nothing else. */
    private void fillWithEveryType() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(2 << 20, 600, RING), seed);
        SimDisk disk = fresh.killImage();
        model = new CrashModel();
        HostPool pool = open(disk);
        model.adopt(pool);
        follow(disk);
        EngineFacts.reaperSteps(pool, 2);
        pool.create("a", 64 << 10);
        write(pool, "a", 0, 6);
        pool.snapshot(List.of("a@1"));
        pool.hold("tag", "a@1");
        write(pool, "a", 2, 3);
        pool.clone("a", List.of("b", "c"), Quota.NONE);
        write(pool, "b", 0, 2);
        write(pool, "c", 0, 2); // what they grew from gives that up
        pool.rename("c", "d");
        pool.resize("d", 128 << 10, false);
        pool.rollback("a@1", "kept");
        write(pool, "a", 4, 1);
        pool.rollback("a@1", null);
        pool.awaitReclaim();
        pool.dump(OutputStream.nullOutputStream(), 1, _ -> {});
        pool.destroy(List.of("kept", "b"), false);
        pool.awaitReclaim();
        pool.flush();
        EngineFacts.writeMark(pool);
        pool.create("last", 64 << 10); // says that all before it was forced
        write(pool, "last", 0, 1);
        model.follow(disk);
        victim = disk.killImage();
        intact = victim.device("journal").peek(0, RING);
        whole = model.predict(victim);
    }

    private static void write(HostPool pool, String name, int block, int count) {
        byte[] bytes = new byte[count * Geometry.BLOCK_BYTES];
        for (int at = 0; at < bytes.length; at += SectorValue.BYTES) {
            SectorValue.encode(1 + at, bytes, at);
        }
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write((long) block * Geometry.BLOCK_BYTES, bytes);
        }
    }

    /** One record of each shape and the last one; in the long proofs all of them. */
    private List<Found> ofEachShape() {
        Map<String, Found> shapes = new TreeMap<>();
        List<Found> records = new ArrayList<>(records());
        Collections.shuffle(records, new Random(seed));
        Map<String, Integer> fields = new TreeMap<>();
        for (Found record : records) {
            String shape = RecordFields.shape(intact, record);
            shapes.putIfAbsent(shape, record);
            fields.merge(shape, RecordFields.of(intact, record).size(), Math::max);
        }
        fields.forEach((shape, count) ->
                System.out.println("covered " + shape + ": fields=" + count + " verbs=" + FieldVerb.values().length));
        assertThat(fields)
                .containsOnlyKeys(
                        "CLONE",
                        "CREATE",
                        "DESTROY",
                        "EXTENTS",
                        "HOLD",
                        "MARK",
                        "REAP step 0",
                        "REAP step 1",
                        "REAP step 2",
                        "REAP step 3",
                        "REAP step 4",
                        "REAP step 5",
                        "RENAME",
                        "RESIZE",
                        "ROLLBACK",
                        "ROLLBACK that keeps nothing",
                        "SNAPSHOT",
                        "SNAPSHOT without names");
        // 16 of the header and the filler, then what docs/format.md lists; a uuid counts twice, a name with its length.
        assertThat(fields.get("MARK")).isEqualTo(17);
        assertThat(fields.get("EXTENTS")).isGreaterThanOrEqualTo(17 + 4 + 5);
        assertThat(fields.get("CREATE")).isEqualTo(17 + 7 + 2);
        assertThat(fields.get("SNAPSHOT")).isEqualTo(17 + 2 + 4 + 2);
        assertThat(fields.get("SNAPSHOT without names")).isGreaterThanOrEqualTo(17 + 2 + 4 + 1);
        assertThat(fields.get("CLONE")).isEqualTo(17 + 8 + 2 * 5);
        assertThat(fields.get("REAP step 3")).isEqualTo(17 + 4);
        List<Found> chosen = new ArrayList<>(RELEASE ? records : shapes.values());
        chosen.add(records().getLast()); // which nothing says was forced
        return chosen;
    }

    @Test
    void everyDamagedFieldOfEveryTypeOfRecordIsATailOrDamage() {
        fillWithEveryType();
        for (Found record : ofEachShape()) {
            for (int[] place : RecordFields.of(intact, record)) {
                for (FieldVerb verb : FieldVerb.values()) {
                    byte[] ring = intact.clone();
                    boolean isChosen = RELEASE || random.nextInt(VERBS_PER_PUSH) == 0;
                    if (isChosen && (!verb.isOfWholeStructure() || place[0] == record.at())) {
                        damage(ring, record, place, verb);
                        check(ring, true, record + " field at " + (place[0] - record.at()) + " " + verb);
                    }
                }
            }
        }
        report("fields");
        assertThat(refused).isPositive();
        assertThat(shorter).isPositive();
    }

    private void damage(byte[] ring, Found record, int[] place, FieldVerb verb) {
        if (verb.changeInPlace(ring, place[0], place[1], random)) {
            return;
        }
        Source other = sources().get(random.nextInt(sources().size()));
        int from = other.found.at() + (verb.isOfWholeStructure() ? 0 : place[0] - record.at());
        int length = verb.isOfWholeStructure() ? other.length() : place[1];
        if (from < RING) {
            System.arraycopy(other.ring, from, ring, place[0], Math.min(length, RING - Math.max(from, place[0])));
        }
    }
}
