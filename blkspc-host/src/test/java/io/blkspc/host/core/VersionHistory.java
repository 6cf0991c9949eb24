package io.blkspc.host.core;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Changes;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One random history of versions on the engine, with single steps of the reaper, checkpoints, kills and power cuts in between,
 * against maps of tokens. A token stands for one block written once: clones copy tokens, so the space of a pool is the number
 * of different tokens that live versions hold, and what is exclusive to a volume are the tokens only it holds.
 */
final class VersionHistory {

    /** What many histories did. */
    static final class Counts {
        int histories;
        long steps;
        long compared;
        long twins;
        long cuts;
        long reaperSteps;
        long givenUp;
        long dumps;

        @Override
        public String toString() {
            return "histories=" + histories + " steps=" + steps + " compared=" + compared + " twins=" + twins + " cuts="
                    + cuts + " reaperSteps=" + reaperSteps + " givenUp=" + givenUp
                    + " dumps=" + dumps;
        }
    }

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long[] PLACES = {0, 252, 65_534};
    private static final int SPAN = 6;
    private static final long SIZE_BYTES = (65_536L + 16) * BLOCK;
    private static final int MOST_VERSIONS = 14;
    private static final int SHOWN = 40;

    private final SplittableRandom random;
    private final Counts counts;
    private final TreeMap<String, TreeMap<Long, Integer>> model = new TreeMap<>();
    private final ArrayDeque<String> trail = new ArrayDeque<>();
    private SimDisk disk;
    private HostPool pool;
    private int nextToken = 1;
    private int nextName = 1;
    private boolean dumps;

    VersionHistory(long seed, Counts counts) {
        this.random = new SplittableRandom(seed);
        this.counts = counts;
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, random.nextLong());
        SimPool.create(fresh, inert, SimPool.geometry(4 << 20, 1_200, 128 << 10), random.nextLong());
        open(fresh.killImage());
    }

    /** From now on it is dumped and restored now and then. */
    VersionHistory withDumps() {
        dumps = true;
        return this;
    }

    /** Runs so many steps; a failure tells the last ones. */
    void run(int steps) {
        try {
            for (int i = 0; i < steps; i++) {
                step();
                compareInPart();
            }
            compareAll();
            readEverything(pool);
            destroy(new ArrayList<>(model.keySet()));
            pool.awaitReclaim();
            EngineFacts.requireEmpty(pool);
            pool.close();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n  " + String.join("\n  ", trail), e);
        }
        counts.histories++;
        counts.steps += steps;
    }

    private void tell(String what) {
        trail.add(what);
        if (trail.size() > SHOWN) {
            trail.remove();
        }
    }

    // ---- steps ----

    private void step() {
        List<String> heads = names(false);
        if (heads.isEmpty()) {
            create();
            return;
        }
        String head = heads.get(random.nextInt(heads.size()));
        int dice = random.nextInt(100);
        if (dice < 34) {
            write(head);
        } else if (dice < 44) {
            discard(head);
        } else if (dice < 66) {
            grow(head, heads);
        } else if (dice < 76) {
            destroySome();
        } else if (dice < 92) {
            tell("reaper step");
            pool.engine().reaper.step();
            counts.reaperSteps++;
        } else {
            disturb();
        }
    }

    private List<String> names(boolean snapshots) {
        return model.keySet().stream()
                .filter(name -> name.contains("@") == snapshots)
                .toList();
    }

    private void grow(String head, List<String> heads) {
        if (model.size() >= MOST_VERSIONS) {
            destroySome();
            return;
        }
        switch (random.nextInt(11)) {
            case 0 -> create();
            case 1, 2 -> snapshot(heads);
            case 3 -> rename(any());
            case 4, 5 -> rollback(names(true));
            default -> cloneOf(random.nextInt(3) == 0 ? any() : head);
        }
    }

    private String any() {
        List<String> all = List.copyOf(model.keySet());
        return all.get(random.nextInt(all.size()));
    }

    private void create() {
        String name = "v" + nextName++;
        tell("create " + name);
        pool.create(name, SIZE_BYTES);
        model.put(name, new TreeMap<>());
    }

    private void write(String head) {
        long first = PLACES[random.nextInt(PLACES.length)] + random.nextInt(SPAN);
        int count = 1 + random.nextInt(3);
        tell("write " + head + " block=" + first + " count=" + count + " token=" + nextToken);
        byte[] bytes = new byte[count * BLOCK];
        for (int i = 0; i < count; i++) {
            Arrays.fill(bytes, i * BLOCK, (i + 1) * BLOCK, (byte) nextToken);
            model.get(head).put(first + i, nextToken++);
        }
        try (BlockSpace space = pool.open(head)) {
            new TestIo(space).write(first * BLOCK, bytes);
        }
    }

    private void discard(String head) {
        long first = PLACES[random.nextInt(PLACES.length)] + random.nextInt(SPAN);
        long count = random.nextInt(6) == 0 ? SIZE_BYTES / BLOCK - first : 1 + random.nextInt(4);
        tell("discard " + head + " block=" + first + " count=" + count);
        model.get(head).subMap(first, first + count).clear();
        try (BlockSpace space = pool.open(head)) {
            space.discard(first * BLOCK, count * BLOCK);
        }
    }

    private void snapshot(List<String> heads) {
        Set<String> volumes = new LinkedHashSet<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            volumes.add(heads.get(random.nextInt(heads.size())));
        }
        List<String> made =
                volumes.stream().map(volume -> volume + "@s" + nextName++).toList();
        tell("snapshot " + made);
        pool.snapshot(made);
        made.forEach(name -> model.put(name, new TreeMap<>(model.get(Names.volumeOf(name)))));
    }

    private void cloneOf(String source) {
        List<String> targets = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            targets.add("c" + nextName++);
        }
        tell("clone " + source + " to " + targets);
        pool.clone(source, targets);
        targets.forEach(target -> model.put(target, new TreeMap<>(model.get(source))));
    }

    private void rename(String from) {
        String to = from.contains("@") ? Names.volumeOf(from) + "@r" + nextName++ : "r" + nextName++;
        tell("rename " + from + " to " + to);
        pool.rename(from, to);
        for (String name : List.copyOf(model.keySet())) {
            if (name.equals(from) || name.startsWith(from + "@")) {
                model.put(to + name.substring(from.length()), model.remove(name));
            }
        }
    }

    private void rollback(List<String> snapshots) {
        List<String> possible = snapshots.stream()
                .filter(name -> model.containsKey(Names.volumeOf(name)))
                .toList();
        if (possible.isEmpty()) {
            return;
        }
        String snapshot = possible.get(random.nextInt(possible.size()));
        String volume = Names.volumeOf(snapshot);
        String keepAs = random.nextBoolean() ? "k" + nextName++ : null;
        tell("rollback " + snapshot + " keepAs=" + keepAs);
        pool.rollback(snapshot, keepAs);
        TreeMap<Long, Integer> left = model.put(volume, new TreeMap<>(model.get(snapshot)));
        if (keepAs != null) {
            model.put(keepAs, left);
        }
    }

    private void destroySome() {
        Set<String> names = new LinkedHashSet<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            names.add(any());
        }
        destroy(new ArrayList<>(names));
    }

    private void destroy(List<String> names) {
        if (!names.isEmpty()) {
            tell("destroy " + names);
            pool.destroy(names, false);
            names.forEach(model::remove);
        }
    }

    private void disturb() {
        switch (random.nextInt(6)) {
            case 0 -> {
                tell("checkpoint");
                pool.checkpoint();
            }
            case 1 -> {
                tell("reopen");
                pool.close();
                open(disk.killImage());
            }
            case 2 -> {
                tell("kill");
                counts.cuts++;
                open(disk.killImage());
            }
            case 3 -> {
                tell("power cut");
                pool.flush();
                counts.cuts++;
                CutKind[] kinds = {CutKind.NONE, CutKind.ALL, CutKind.ALL_BUT_ONE, CutKind.RANDOM};
                open(disk.cut(random, kinds[random.nextInt(kinds.length)]));
            }
            default -> {
                tell("background");
                pool.backgroundRound();
            }
        }
    }

    private void open(SimDisk image) {
        disk = image;
        pool = SimPool.on(image, new InertScheduler(), random.nextLong())
                .cacheBytes(random.nextBoolean() ? 0 : 1 << 20)
                .open();
        if (random.nextInt(4) != 0) {
            pool.engine().reaper.stepEntries = 2 + random.nextInt(3);
        }
        EngineFacts.requireNothingLiveIsFree(pool);
    }

    // ---- comparing ----

    /** After every step: nothing live is free. Now and then all is given back, here or in a copy that was killed. */
    private void compareInPart() {
        EngineFacts.requireConsistent(pool);
        require(allocated(pool) >= tokens(), "allocated=" + allocated(pool) + ", live=" + tokens());
        if (random.nextInt(10) == 0) {
            tell("compare");
            compareAll();
        } else if (dumps && !model.isEmpty() && random.nextInt(10) == 0) {
            compareDump();
        } else if (random.nextInt(10) == 0 || EngineFacts.isGivingUp(pool)) {
            tell("compare a copy");
            SimDisk copy = disk.killImage();
            HostPool twin =
                    SimPool.on(copy, new InertScheduler(), random.nextLong()).open();
            require(
                    EngineFacts.versions(twin).equals(EngineFacts.versions(pool)),
                    "replayed: " + EngineFacts.versions(twin) + "\nlive:     " + EngineFacts.versions(pool));
            EngineFacts.requireNothingLiveIsFree(twin);
            twin.awaitReclaim();
            requireExact(twin);
            counts.twins++;
        } else if (random.nextInt(20) == 0) {
            tell("check");
            var report = pool.inspect(SpaceCheck::run); // wherever the reaper is
            require(report.findings().isEmpty(), "check: " + report.findings());
        }
    }

    /** Restored from a dump, of the open pool or of one that was killed, everything is as it was; the pool itself stays as it is. */
    private void compareDump() {
        tell("dump");
        List<VolumeInfo> before = pool.list();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (random.nextBoolean()) {
            pool.dump(bytes, random.nextLong(), fewExtents(), _ -> {});
        } else {
            SimPool.on(disk.killImage(), new InertScheduler(), random.nextLong())
                    .dump(bytes, fewExtents());
        }
        require(pool.list().stream().map(VolumeInfo::name).toList().equals(names(before)), "dump left something");
        InertScheduler inert = new InertScheduler();
        HostPool restored = SimPool.restore(
                        new ByteArrayInputStream(bytes.toByteArray()),
                        fewExtents(),
                        new SimDisk(inert, random.nextLong()),
                        inert,
                        random.nextLong())
                .open();
        pool.awaitReclaim();
        restored.awaitReclaim();
        requireExact(restored);
        readEverything(restored);
        require(
                described(restored).equals(described(pool)),
                "restored: " + described(restored) + "\ndumped:   " + described(pool));
        require(restored.inspect(SpaceCheck::run).findings().isEmpty(), "check of a restored pool");
        require(
                restored.status().metadataUsedBytes() <= pool.status().metadataUsedBytes(),
                "restored pool has more nodes");
        restored.destroy(new ArrayList<>(names(restored.list())), false);
        restored.awaitReclaim();
        EngineFacts.requireEmpty(restored);
        counts.dumps++;
    }

    /** So that what is read in parts ends everywhere. */
    private ExtentBudget fewExtents() {
        return new ExtentBudget(1 + random.nextInt(8));
    }

    private static List<String> names(List<VolumeInfo> infos) {
        return infos.stream().map(VolumeInfo::name).toList();
    }

    /** All that the API tells of versions, and what the algebra goes by. */
    private static List<String> described(HostPool in) {
        List<String> facts = new ArrayList<>();
        in.list().forEach(info -> facts.add(info.toString()));
        for (Version version : in.engine().catalogue.visible()) {
            facts.add(version.id + " " + version.uuid + " " + version.freezeEpoch + " " + version.holds);
        }
        return facts;
    }

    private void compareAll() {
        pool.awaitReclaim();
        counts.givenUp += pool.engine().catalogue.versions().stream()
                .mapToLong(version -> version.gone.entryCount())
                .sum();
        requireExact(pool);
        counts.compared++;
    }

    private void requireExact(HostPool in) {
        EngineFacts.requireExact(in);
        require(allocated(in) == tokens(), "allocated=" + allocated(in) + ", live=" + tokens());
        Map<Integer, Integer> holders = new HashMap<>();
        model.values().forEach(map -> map.values().forEach(token -> holders.merge(token, 1, Integer::sum)));
        for (VolumeInfo info : in.list()) {
            Map<Long, Integer> map = model.get(info.name());
            require(map != null, "unknown version: " + info.name());
            require(info.mappedBytes() == (long) map.size() * BLOCK, "mapped: " + info);
            long exclusive = info.type() == VolumeInfo.Type.SNAPSHOT
                    ? VolumeInfo.NOT_KNOWN // requireFreed compares what the walk tells of it
                    : BLOCK
                            * map.values().stream()
                                    .filter(token -> holders.get(token) == 1)
                                    .count();
            require(info.exclusiveBytes() == exclusive, "exclusive=" + exclusive + ", told: " + info);
        }
        requireChanges(in);
        requireFreed(in);
        if (random.nextInt(8) == 0) {
            var report = in.inspect(SpaceCheck::run);
            require(report.findings().isEmpty(), "check: " + report.findings());
        }
    }

    /** What changed between any version and any snapshot, of its volume or not, is what reads differently. */
    private void requireChanges(HostPool in) {
        List<String> snapshots = names(true);
        if (model.isEmpty()) {
            return;
        }
        String name = any();
        String since =
                snapshots.isEmpty() || random.nextInt(8) == 0 ? null : snapshots.get(random.nextInt(snapshots.size()));
        Map<Long, Integer> before = since == null ? Map.of() : model.get(since);
        Map<Long, Integer> after = model.get(name);
        TreeSet<Long> expected = new TreeSet<>(before.keySet());
        expected.addAll(after.keySet());
        expected.removeIf(block -> Objects.equals(before.get(block), after.get(block)));
        TreeSet<Long> told = new TreeSet<>();
        for (long from = 0; from < SIZE_BYTES; ) {
            Changes changes = in.changedSince(name, since, from);
            for (Changes.Range range : changes.ranges()) {
                for (long at = range.offsetBytes(); at < range.endBytes(); at += BLOCK) {
                    told.add(at / BLOCK);
                    require(
                            after.containsKey(at / BLOCK) == (range.state() == MappingState.WRITTEN),
                            "state: " + range);
                }
            }
            from = changes.nextOffsetBytes();
        }
        require(told.equals(expected), name + " since " + since + ": told=" + told + ", changed=" + expected);
    }

    /** What a random set of versions would free are the tokens that only they hold. */
    private void requireFreed(HostPool in) {
        if (random.nextInt(4) != 0) {
            return;
        }
        List<String> names =
                model.keySet().stream().filter(name -> random.nextInt(3) == 0).toList();
        Set<Integer> freed = new HashSet<>();
        names.forEach(name -> freed.addAll(model.get(name).values()));
        model.forEach((name, map) -> {
            if (!names.contains(name)) {
                freed.removeAll(map.values());
            }
        });
        long told = in.bytesFreedBy(names);
        require(told == (long) freed.size() * BLOCK, "without " + names + ": told=" + told + ", freed=" + freed);
    }

    private static long allocated(HostPool in) {
        return in.status().allocatedBytes() / BLOCK;
    }

    private long tokens() {
        Set<Integer> live = new HashSet<>();
        model.values().forEach(map -> live.addAll(map.values()));
        return live.size();
    }

    private void readEverything(HostPool in) {
        model.forEach((name, map) -> {
            try (BlockSpace space = in.open(name)) {
                TestIo io = new TestIo(space);
                for (long place : PLACES) {
                    byte[] bytes = io.read(place * BLOCK, 2 * SPAN * BLOCK);
                    for (int i = 0; i < 2 * SPAN; i++) {
                        byte expected = map.getOrDefault(place + i, 0).byteValue();
                        require(
                                bytes[i * BLOCK] == expected && bytes[(i + 1) * BLOCK - 1] == expected,
                                "content of " + name + " at block=" + (place + i));
                    }
                }
            }
        });
    }

    private static void require(boolean holds, String facts) {
        if (!holds) {
            throw new AssertionError(facts);
        }
    }
}
