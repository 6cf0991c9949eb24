package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * One random history, done to one or several pools at once and to a plain array of bytes for each version. After every step
 * each pool must hold those bytes, and say of its space what an {@link PoolAudit audit} from outside counts; several pools
 * must say the same. Everything follows from the seed, which a failure names together with the last steps.
 */
public final class HistoryDriver {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int MOST_VERSIONS = 12;
    private static final int STEPS_SHOWN = 40;

    private final long seed;
    private final SplittableRandom random;
    private final List<Subject> subjects = new ArrayList<>();
    private final TreeMap<String, byte[]> expected = new TreeMap<>();
    private final TreeMap<String, Quota> quotas = new TreeMap<>();
    private final Deque<String> trail = new ArrayDeque<>();
    private static final int ALL = -1;

    private String touched = "";

    /** The run of the layout that the step changed, or {@link #ALL}. */
    private int touchedRun;

    private int nextName;

    /** A host under test and its pool. */
    private static final class Subject {
        private final ContractHost host;
        private Pool pool;

        Subject(ContractHost host, long dataBytes) {
            this.host = host;
            this.pool = host.newPool(dataBytes);
        }
    }

    /** A history of this seed; {@link #add} pools before {@link #run}. */
    public HistoryDriver(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
    }

    /** Adds a new pool of this host; it needs room for about 1000 blocks. */
    public HistoryDriver add(ContractHost host, long dataBytes) {
        subjects.add(new Subject(host, dataBytes));
        return this;
    }

    /** Takes {@code steps} steps, checks after each, and closes the pools. */
    public void run(int steps) {
        try {
            for (int i = 0; i < steps; i++) {
                step();
                // All of it after each step would leave time for few steps; what is wrong stays wrong until it is read.
                verifyContents(random.nextInt(24) == 0);
                if (random.nextInt(12) == 0) { // otherwise the next step meets a reclaim under way
                    verifySpace();
                }
            }
            verifyContents(true);
            verifySpace();
            if (!expected.isEmpty()) {
                each("destroy all", pool -> pool.destroy(List.copyOf(expected.keySet()), false));
                expected.clear();
            }
            verifySpace();
            subjects.forEach(subject -> assertThat(subject.pool.status().allocatedBytes())
                    .as("allocated at the end")
                    .isZero());
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed=" + seed + ", last steps:\n  " + String.join("\n  ", trail), e);
        } finally {
            subjects.forEach(subject -> subject.pool.close());
        }
    }

    private void step() {
        List<String> volumes =
                expected.keySet().stream().filter(name -> !name.contains("@")).toList();
        if (volumes.isEmpty()) {
            create();
            return;
        }
        String volume = volumes.get(random.nextInt(volumes.size()));
        touched = volume;
        touchedRun = ALL;
        boolean mayGrow = expected.size() < MOST_VERSIONS;
        int dice = random.nextInt(100);
        if (dice < 34) {
            write(volume);
        } else if (dice < 42) {
            clear(volume);
        } else if (dice < 46) {
            preallocate(volume);
        } else if (dice < 52) {
            each("flush " + volume, pool -> on(pool, volume, BlockSpace::flush));
        } else if (dice < 58) {
            abandon(volume);
        } else if (dice < 59) {
            resize(volume);
        } else if (dice < 60) {
            each("reopen", null);
        } else if (dice < 63) {
            each("kill", null);
        } else if (mayGrow && dice < 66) {
            create();
        } else if (mayGrow && dice < 72) {
            snapshot(volumes);
        } else if (mayGrow && dice < 78 && quotas.get(volume).guaranteeBytes() == 0) {
            writeAcrossFreeze(volume);
        } else if (mayGrow && dice < 88) {
            cloneSome();
        } else {
            destroy();
        }
    }

    private void create() {
        String name = "v" + nextName++;
        expected.put(name, new byte[HistoryLayout.BLOCKS * BLOCK]);
        Quota quota = newQuota(name);
        each("create " + name + " " + quota, pool -> pool.create(name, HistoryLayout.SIZE_BYTES, quota));
    }

    /** The layout touches few blocks of a large volume: a full guarantee of it would not fit. */
    private Quota newQuota(String name) {
        Quota quota = random.nextInt(3) == 0 ? Quota.guarantee((1L + random.nextInt(60)) * BLOCK) : Quota.NONE;
        quotas.put(name, quota);
        return quota;
    }

    private void write(String volume) {
        long[] at = HistoryLayout.pick(random, random.nextBoolean());
        touchedRun = HistoryLayout.runOf(at[0]);
        byte[] data = Fixture.bytes(random.nextLong(), (int) at[2]);
        System.arraycopy(data, 0, expected.get(volume), (int) at[1], data.length);
        each(
                "write " + volume + " offset=" + at[0] + " count=" + at[2],
                pool -> on(pool, volume, space -> new TestIo(space).write(at[0], data)));
    }

    private void clear(String volume) {
        int kind = random.nextInt(3);
        long[] wide = HistoryLayout.pickWide(random);
        long offset = wide[0] * BLOCK;
        long count = (wide[1] - wide[0]) * BLOCK;
        if (count == 0) {
            return;
        }
        if (kind == 2 || quotas.get(volume).guaranteeBytes() > 0) {
            // It keeps what it owns, and how much that is depends on how far a reclaim has come.
            subjects.forEach(subject -> subject.pool.awaitReclaim());
        }
        HistoryLayout.clear(expected.get(volume), wide[0], wide[1]);
        String verb = List.of("discard", "zero", "zero-keep").get(kind);
        each(
                verb + " " + volume + " offset=" + offset + " count=" + count,
                pool -> on(pool, volume, space -> {
                    if (kind == 0) {
                        space.discard(offset, count);
                    } else {
                        space.zero(offset, count, kind == 2);
                    }
                }));
    }

    private void preallocate(String volume) {
        long[] at = HistoryLayout.pick(random, true);
        touchedRun = HistoryLayout.runOf(at[0]);
        each(
                "preallocate " + volume + " offset=" + at[0] + " count=" + at[2],
                pool -> on(pool, volume, space -> {
                    Cookie cookie = space.reserve((int) (at[2] / BLOCK), BLOCK);
                    space.preallocate(cookie, at[0], at[2]);
                    cookie.put();
                }));
    }

    /** Larger, written beyond its old end, and back again: the layout knows one size. What a snapshot has of that, it keeps. */
    private void resize(String volume) {
        long most = HistoryLayout.SIZE_BYTES + 2 * Geometry.MAX_WINDOW_BYTES;
        byte[] data = Fixture.bytes(random.nextLong(), (1 + random.nextInt(5)) * BLOCK);
        long offset = HistoryLayout.SIZE_BYTES + random.nextInt(500) * (long) BLOCK;
        String snapshot = expected.size() < MOST_VERSIONS && random.nextBoolean() ? volume + "@r" + nextName++ : null;
        if (snapshot != null) {
            expected.put(snapshot, expected.get(volume).clone());
        }
        subjects.forEach(subject -> subject.pool.awaitReclaim());
        each("resize " + volume + " offset=" + offset + " count=" + data.length + " to " + snapshot, pool -> {
            pool.resize(volume, most, false);
            on(pool, volume, space -> new TestIo(space).write(offset, data));
            if (snapshot != null) {
                pool.snapshot(List.of(snapshot));
            }
            pool.resize(volume, HistoryLayout.SIZE_BYTES, true);
            if (snapshot != null) {
                on(
                        pool,
                        snapshot,
                        space -> assertThat(new TestIo(space).read(offset, data.length))
                                .isEqualTo(data));
            }
        });
    }

    /** Stages some blocks and gives the cookie back without a commit. */
    private void abandon(String volume) {
        long[] at = HistoryLayout.pick(random, true);
        touchedRun = HistoryLayout.runOf(at[0]);
        each(
                "abandon " + volume + " offset=" + at[0] + " count=" + at[2],
                pool -> on(pool, volume, space -> {
                    Cookie cookie = space.reserve((int) (at[2] / BLOCK), BLOCK);
                    new TestIo(space).allocateOnly(cookie, at[0], at[2]);
                    cookie.put();
                }));
    }

    private void snapshot(List<String> volumes) {
        List<String> names = new ArrayList<>();
        int first = random.nextInt(volumes.size());
        int count = Math.min(volumes.size(), 1 + random.nextInt(2));
        for (int i = 0; i < count; i++) {
            String volume = volumes.get((first + i) % volumes.size());
            String name = volume + "@s" + nextName++;
            names.add(name);
            expected.put(name, expected.get(volume).clone());
        }
        each("snapshot " + names, pool -> pool.snapshot(names));
    }

    /** A stage that is open while its volume is frozen or cloned: the snapshot lacks it, the head gets it. */
    private void writeAcrossFreeze(String volume) {
        long[] at = HistoryLayout.pick(random, true);
        byte[] data = Fixture.bytes(random.nextLong(), (int) at[2]);
        boolean clones = random.nextBoolean();
        String name = clones ? "v" + nextName++ : volume + "@s" + nextName++;
        quotas.put(name, Quota.NONE);
        byte[] frozen = expected.get(volume).clone();
        System.arraycopy(data, 0, expected.get(volume), (int) at[1], data.length);
        expected.put(name, frozen);
        each("stage over freeze into " + name + " offset=" + at[0] + " count=" + at[2], pool -> {
            // Blocks that could be written in place, or are unwritten, would be part of the freeze or hold it up.
            on(pool, volume, space -> space.discard(at[0], at[2]));
            on(pool, volume, space -> {
                TestIo io = new TestIo(space);
                Cookie cookie = space.reserve((int) (at[2] / BLOCK), BLOCK);
                List<Staged> all = io.stageAll(cookie, at[0], data);
                if (clones) {
                    pool.clone(volume, List.of(name));
                } else {
                    pool.snapshot(List.of(name));
                }
                all.forEach(staged -> io.commit(cookie, staged));
                cookie.put();
            });
        });
        Arrays.fill(frozen, (int) at[1], (int) (at[1] + at[2]), (byte) 0);
    }

    private void cloneSome() {
        String source = any();
        List<String> targets = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(2); i++) {
            targets.add("v" + nextName++);
            expected.put(targets.getLast(), expected.get(source).clone());
        }
        Quota quota = newQuota(targets.getFirst());
        targets.forEach(name -> quotas.put(name, quota));
        each("clone " + source + " to " + targets + " " + quota, pool -> pool.clone(source, targets, quota));
    }

    private void destroy() {
        List<String> names = new ArrayList<>(List.of(any()));
        String second = any();
        if (random.nextInt(4) == 0 && !names.contains(second)) {
            names.add(second);
        }
        names.forEach(expected::remove);
        each("destroy " + names, pool -> pool.destroy(names, false));
    }

    private String any() {
        List<String> names = List.copyOf(expected.keySet());
        return names.get(random.nextInt(names.size()));
    }

    /** Does one step to every pool; without an action it is one of the two ways to open the pool again. */
    private void each(String what, Consumer<Pool> action) {
        trail.add(what);
        if (trail.size() > STEPS_SHOWN) {
            trail.remove();
        }
        for (Subject subject : subjects) {
            if (action != null) {
                action.accept(subject.pool);
            } else {
                subject.pool =
                        what.equals("kill") ? subject.host.kill(subject.pool) : subject.host.reopen(subject.pool);
            }
        }
    }

    private static void on(Pool pool, String name, Consumer<BlockSpace> action) {
        try (BlockSpace space = pool.open(name)) {
            action.accept(space);
        }
    }

    /** Reads all of every version, or what the last step changed and some of another version. */
    private void verifyContents(boolean all) {
        String other = expected.isEmpty() ? "" : any();
        int run = random.nextInt(HistoryLayout.runs());
        List<String> names = List.copyOf(expected.keySet());
        for (Subject subject : subjects) {
            Pool pool = subject.pool;
            if (!names.equals(pool.list().stream().map(VolumeInfo::name).toList())) {
                assertThat(pool.list()).extracting(VolumeInfo::name).containsExactlyElementsOf(names);
            }
            if (all) {
                names.forEach(name -> verify(pool, name, ALL));
            } else if (!names.isEmpty()) {
                verify(pool, other, run);
                if (expected.containsKey(touched)) {
                    verify(pool, touched, touchedRun);
                }
            }
        }
    }

    private void verify(Pool pool, String name, int run) {
        on(pool, name, space -> {
            TestIo io = new TestIo(space);
            for (int i = run == ALL ? 0 : run; i < (run == ALL ? HistoryLayout.runs() : run + 1); i++) {
                int difference = HistoryLayout.mismatch(io, i, expected.get(name));
                if (difference >= 0) {
                    throw new AssertionError("first wrong byte of " + name + ": " + difference);
                }
            }
        });
    }

    private void verifySpace() {
        List<Map<String, Long>> said = new ArrayList<>();
        for (Subject subject : subjects) {
            Pool pool = subject.pool;
            pool.awaitReclaim();
            new PoolAudit(pool).check(pool, Set.of());
            subject.host.assertConsistent(pool);
            assertThat(pool.status().reservedBytes()).as("reserved").isEqualTo(standing(pool));
            if (expected.containsKey(touched)) {
                on(pool, touched, ReservableContract::checkShortly);
            }
            said.add(numbers(pool));
        }
        assertThat(said).as("pools differ").containsOnly(said.getFirst());
    }

    /**
     * What is left of the guarantees. A block that only this volume holds, but through a branch point that others left, may
     * count as its own or not.
     */
    private static long standing(Pool pool) {
        long standing = 0;
        for (VolumeInfo info : pool.list()) {
            long guarantee = info.quota().guaranteeBytes();
            assertThat(info.reservedBytes())
                    .as("reserved for %s", info.name())
                    .isBetween(Math.max(0, guarantee - Math.max(0, info.exclusiveBytes())), guarantee);
            standing += info.reservedBytes();
        }
        return standing;
    }

    private Map<String, Long> numbers(Pool pool) {
        Map<String, Long> numbers = new TreeMap<>();
        numbers.put("allocated", pool.status().allocatedBytes());
        for (VolumeInfo info : pool.list()) {
            numbers.put(info.name() + " size", info.sizeBytes());
            numbers.put(info.name() + " mapped", info.mappedBytes());
            if (info.type() == VolumeInfo.Type.VOLUME) {
                numbers.put(info.name() + " exclusive", info.exclusiveBytes());
            }
        }
        return numbers;
    }
}
