package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.core.crash.OnDiskFields.Instance;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Contract D15: every field of every structure of superblock, checkpoint and data label, damaged in every way. The pool is refused, or
 * serves exactly what it held before; never anything else, and never an exception that is not a verdict. What is refused is
 * found by the check as well. A repaired copy checks clean and holds what was there, and zeros where its loss list says so. Records of the journal are in {@link PoolJournalFuzzTest}.
 */
class FieldDamageTest {

    private static final int CASES = Boolean.getBoolean("blkspc.release") ? Integer.MAX_VALUE : 2_000;
    /** Every so many damaged pools are repaired. */
    private static final int REPAIR_EVERY = Boolean.getBoolean("blkspc.release") ? 1 : 12;

    private static final Set<Code> VERDICTS =
            EnumSet.of(Code.NEEDS_CHECK, Code.CORRUPT, Code.TOO_NEW, Code.TOO_OLD, Code.NOT_FOUND);

    /** A pool at rest, how it was a while before, and what it holds. */
    private record Subject(SimDisk image, SimDisk before, PoolContent content, Map<String, long[]> sectors) {}

    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    private record Case(Subject subject, Instance instance, int[] place, FieldVerb verb, boolean bothCopies) {
        String key() {
            return instance.role() + (bothCopies ? " in both copies" : "");
        }

        @Override
        public String toString() {
            return instance.structure() + " at=" + instance.at() + " field=" + (place[0] - instance.at()) + " length="
                    + place[1] + " " + verb + (bothCopies ? " in both copies" : "");
        }
    }

    private long seed;
    private SplittableRandom random;
    private final TreeMap<String, int[]> outcomes = new TreeMap<>();
    private final TreeMap<String, RepairOracle> repairs = new TreeMap<>();

    @BeforeEach
    void seed() {
        seed = Seeds.next();
        random = new SplittableRandom(seed);
    }

    private HostPool open(SimDisk image) {
        return SimPool.on(image, new InertScheduler(), seed).open();
    }

    private Subject subject(boolean clean) {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, random.nextLong());
        SimPool.create(fresh, inert, SimPool.geometry(1 << 20, 300, 64 << 10), seed);
        SimDisk disk = fresh.killImage();
        HostPool pool = open(disk);
        Workload workload = new Workload(random);
        new ClientTask(workload, pool, random.nextLong(), 40).run();
        pool.checkpoint();
        SimDisk before = disk.killImage();
        for (int i = 0; i < 3; i++) {
            new ClientTask(workload, pool, random.nextLong(), 25).run();
            pool.checkpoint();
        }
        special(pool);
        pool.checkpoint();
        return stopped(pool, disk, before, clean);
    }

    /** As it lies there after a clean stop or a kill, with what it holds then. */
    private Subject stopped(HostPool pool, SimDisk disk, SimDisk before, boolean clean) {
        if (clean) {
            pool.close();
        }
        SimDisk image = disk.killImage();
        HostPool again = open(image.killImage());
        return new Subject(image, before, PoolContent.of(again), RepairOracle.content(again));
    }

    /** A pool in the middle of a merge: what the child had dropped is set aside, and what was gone of the version that went. */
    private Subject merging(boolean clean) {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, random.nextLong());
        SimPool.create(fresh, inert, SimPool.geometry(1 << 20, 300, 64 << 10), seed);
        SimDisk disk = fresh.killImage();
        HostPool pool = open(disk);
        EngineFacts.reaperSteps(pool, 2);
        for (String stem : List.of("stays", "goes")) {
            pool.create(stem, 64 << 10);
            everyOther(pool, stem);
            pool.clone(stem, List.of(stem + "-1", stem + "-2"), Quota.NONE);
            everyOther(pool, stem); // all three give it up: it is gone where they grew from
            everyOther(pool, stem + "-1");
            everyOther(pool, stem + "-2");
        }
        pool.checkpoint();
        SimDisk before = disk.killImage();
        pool.awaitReclaim();
        pool.checkpoint();
        pool.destroy(List.of("goes-1", "goes-2"), false);
        EngineFacts.stepIntoSort(pool);
        pool.checkpoint();
        return stopped(pool, disk, before, clean);
    }

    private void everyOther(HostPool pool, String name) {
        byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        try (BlockSpace space = pool.open(name)) {
            for (int block = 0; block < 12; block += 2) {
                for (int at = 0; at < bytes.length; at += SectorValue.BYTES) {
                    SectorValue.encode(1 + random.nextInt(1 << 20), bytes, at);
                }
                new TestIo(space).write((long) block * Geometry.BLOCK_BYTES, bytes);
            }
        }
    }

    /** Versions with what few have: tags, and a tail that the reaper has not given up. */
    private static void special(HostPool pool) {
        pool.create("small", 16 << 10);
        try (BlockSpace space = pool.open("small")) {
            byte[] bytes = new byte[2 * Geometry.BLOCK_BYTES];
            for (int at = 0; at < bytes.length; at += SectorValue.BYTES) {
                SectorValue.encode(1 + at, bytes, at);
            }
            new TestIo(space).write(0, bytes);
        }
        pool.snapshot(List.of("small@held"));
        pool.hold("one", "small@held");
        pool.hold("two", "small@held");
        EngineFacts.shrinkAndKeepTheTail(pool, "small", 4 << 10);
    }

    private List<Case> cases(Subject subject) {
        List<Case> cases = new ArrayList<>();
        for (Instance instance : OnDiskFields.of(subject.image)) {
            for (int[] place : instance.places()) {
                for (FieldVerb verb : FieldVerb.values()) {
                    if (!verb.isOfWholeStructure() || place[0] == instance.at()) {
                        cases.add(new Case(subject, instance, place, verb, false));
                        if (instance.structure().equals("superblock") && instance.at() == 0) {
                            cases.add(new Case(subject, instance, place, verb, true));
                        }
                    }
                }
            }
        }
        return cases;
    }

    /** Of each kind of structure as many as of any other, as long as there are any. */
    private List<Case> sample(List<Case> cases) {
        Collections.shuffle(cases, new Random(seed));
        Map<String, List<Case>> kinds = new TreeMap<>();
        cases.forEach(each ->
                kinds.computeIfAbsent(each.key(), any -> new ArrayList<>()).add(each));
        List<Case> chosen = new ArrayList<>();
        for (int i = 0; chosen.size() < Math.min(CASES, cases.size()); i++) {
            for (List<Case> kind : kinds.values()) {
                if (i < kind.size()) {
                    chosen.add(kind.get(i));
                }
            }
        }
        return chosen;
    }

    @Test
    void everyDamagedFieldIsDetectedOrHarmless() {
        List<Case> cases = new ArrayList<>(cases(subject(true)));
        cases.addAll(cases(subject(false)));
        cases.addAll(cases(merging(true)));
        cases.addAll(cases(merging(false)));
        covered(cases);
        for (Case each : sample(cases)) {
            try {
                judge(each);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("-Dblkspc.seed=" + seed + " " + each + ": " + e, e);
            }
        }
        outcomes.forEach((structure, counts) ->
                System.out.println(structure + ": refused=" + counts[0] + " as before=" + counts[1]));
        outcomes.forEach((structure, counts) -> {
            if (!structure.equals("superblock")) { // one copy heals
                assertThat(counts[0]).as("refusals for %s", structure).isPositive();
            }
        });
        repairs.forEach((structure, repaired) -> System.out.println(structure + " " + repaired));
        assertThat(repairs.get("superblock").whole).isPositive();
        assertThat(repairs.get("node").withLosses).isPositive();
        assertThat(repairs.get("deadlist").whole).isPositive();
        assertThat(repairs.get("free map").whole).isPositive();
        assertThat(repairs.get("version").withLosses).isPositive();
        assertThat(repairs.get("data label").withLosses).isPositive();
        assertThat(repairs.get("data label").whole).isZero();
        assertThat(outcomes.get("superblock in both copies")[0]).isPositive();
        assertThat(outcomes).containsKeys("directory page", "segment table", "node", "version", "pool", "free map");
    }

    /** What there is to damage, by structure; that nothing of the format is left out is said here and not by the sample. */
    private static void covered(List<Case> cases) {
        TreeMap<String, Set<String>> fields = new TreeMap<>();
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (Case each : cases) {
            String shape = each.instance.shape() + (each.bothCopies ? " in both copies" : "");
            counts.merge(shape, 1, Integer::sum);
            fields.computeIfAbsent(shape, any -> new TreeSet<>())
                    .add((each.place[0] - each.instance.at()) + "+" + each.place[1]);
        }
        fields.forEach((shape, offsets) -> System.out.println("covered " + shape + ": fields=" + offsets.size()
                + " verbs=" + FieldVerb.values().length + " cases=" + counts.get(shape)));
        assertThat(fields)
                .containsOnlyKeys(
                        "data label",
                        "deadlist",
                        "deadlist of what is gone",
                        "deadlist of what is gone, set aside",
                        "deadlist set aside",
                        "directory page",
                        "free map",
                        "node",
                        "pool",
                        "segment table",
                        "superblock",
                        "superblock in both copies",
                        "version",
                        "version with a tail",
                        "version with tags");
        // As many as the tables in docs/format have rows, a uuid counted twice, the repeated part once or twice.
        assertThat(fields.get("superblock")).hasSize(38);
        assertThat(fields.get("data label")).hasSize(8);
        assertThat(fields.get("pool")).hasSize(9);
        assertThat(fields.get("version")).hasSizeGreaterThanOrEqualTo(20);
        assertThat(fields.get("version with tags")).hasSizeGreaterThanOrEqualTo(24);
        assertThat(fields.get("version with a tail")).hasSizeGreaterThanOrEqualTo(21);
        assertThat(fields.get("directory page")).hasSize(12);
        for (String list : List.of(
                "deadlist", "deadlist of what is gone", "deadlist of what is gone, set aside", "deadlist set aside")) {
            assertThat(fields.get(list)).as(list).hasSize(5);
        }
    }

    private void judge(Case each) {
        SimDisk image = each.subject.image.killImage();
        if (!damage(image, each)) {
            return;
        }
        boolean refused = isRefused(image.killImage(), each);
        boolean isSuperblock = each.instance.structure().equals("superblock");
        if (isSuperblock && !each.bothCopies) {
            assertThat(refused).as("one copy heals").isFalse();
        }
        view(image.killImage(), each);
        if (refused) {
            assertThat(isFound(image.killImage())).as("the check finds it").isTrue();
        }
        int[] counts = outcomes.computeIfAbsent(each.key(), any -> new int[2]);
        counts[refused ? 0 : 1]++;
        if ((counts[0] + counts[1]) % REPAIR_EVERY == 1 % REPAIR_EVERY) {
            repairs.computeIfAbsent(each.key(), any -> new RepairOracle()).judge(image, each.subject.sectors, seed);
        }
    }

    private boolean isRefused(SimDisk image, Case each) {
        try {
            HostPool pool = open(image);
            requireSame(pool, each);
            EngineFacts.requireConsistent(pool);
            return false;
        } catch (BlockSpaceException e) {
            requireVerdict(e);
            return true;
        }
    }

    private void view(SimDisk image, Case each) {
        try (Pool view = SimPool.on(image, new InertScheduler(), seed).view()) {
            requireSame(view, each);
        } catch (BlockSpaceException e) {
            requireVerdict(e);
        }
    }

    private boolean isFound(SimDisk image) {
        try {
            return !SimPool.on(image, new InertScheduler(), seed).check(false).isClean();
        } catch (BlockSpaceException e) {
            requireVerdict(e);
            assertThat(e.code()).as("damage is reported").isNotIn(Code.NEEDS_CHECK, Code.CORRUPT);
            return true;
        }
    }

    private static void requireSame(Pool pool, Case each) {
        assertThat(each.subject.content.difference(PoolContent.of(pool)))
                .as("content")
                .isNull();
    }

    private static void requireVerdict(BlockSpaceException e) {
        assertThat(e.code()).as(e.getMessage()).isIn(VERDICTS);
        assertThat(e.getMessage()).isNotBlank();
    }

    /** {@code false} when that changes nothing. */
    private boolean damage(SimDisk image, Case each) {
        Instance instance = each.instance;
        byte[] intact = image.device(instance.device())
                .peek(0, (int) image.device(instance.device()).sizeBytes());
        byte[] bytes = intact.clone();
        change(bytes, each, each.place[0], instance.at());
        if (each.bothCopies) {
            int other = intact.length / 2;
            change(bytes, each, each.place[0] + other, instance.at() + other);
        }
        image.device(instance.device()).poke(0, bytes);
        int half = intact.length / 2;
        boolean changesFirst = !Arrays.equals(bytes, 0, half, intact, 0, half);
        boolean changesSecond = !Arrays.equals(bytes, half, bytes.length, intact, half, bytes.length);
        return each.bothCopies ? changesFirst && changesSecond : changesFirst || changesSecond;
    }

    private void change(byte[] bytes, Case each, int at, int start) {
        int length = each.place[1];
        if (each.verb.changeInPlace(bytes, at, length, random)) {
            return;
        }
        switch (each.verb) {
            case OF_ANOTHER -> {
                int from = another(each).at() + at - start;
                System.arraycopy(bytes, Math.min(from, bytes.length - length), bytes, at, length);
            }
            case AS_BEFORE -> System.arraycopy(before(each), at, bytes, at, length);
            case ALL_OF_ANOTHER -> {
                Instance other = another(each);
                int all = Math.min(other.length(), each.instance.length());
                System.arraycopy(bytes, other.at(), bytes, start, all);
            }
            default -> System.arraycopy(before(each), start, bytes, start, each.instance.length());
        }
    }

    private Instance another(Case each) {
        List<Instance> alike = OnDiskFields.of(each.subject.image).stream()
                .filter(instance -> instance.structure().equals(each.instance.structure()))
                .toList();
        return alike.get(random.nextInt(alike.size()));
    }

    /** What was there earlier; zeros where the device was shorter, before the pool was made larger. */
    private static byte[] before(Case each) {
        var device = each.subject.before.device(each.instance.device());
        byte[] earlier = device.peek(0, (int) device.sizeBytes());
        return Arrays.copyOf(
                earlier, (int) each.subject.image.device(each.instance.device()).sizeBytes());
    }
}
