package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Quota;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Random clients of a volume that is guaranteed in full, in a pool that somebody else drains to nothing whenever there is
 * something: none of its reservations and allocations is refused, whatever is staged, frozen, cloned, destroyed, discarded or
 * rolled back meanwhile. Freezes and growing may be, and then nothing has changed. Everything follows from the seed.
 */
final class WholeGuaranteeHistory {

    private static final int BLOCK = Fixture.BLOCK;
    private static final String VOLUME = "g";
    private static final int LEAST = 12;
    private static final int MOST = 40;
    private static final int COOKIES = 3;
    private static final int STEPS_SHOWN = 40;

    private final ContractHost host;
    private final long seed;
    private final SplittableRandom random;
    private final Fixture fixture;
    private final Deque<String> trail = new ArrayDeque<>();
    private final Cookie[] cookies = new Cookie[COOKIES];
    private final List<Cookie> drained = new ArrayList<>();
    private final TreeMap<Long, Stage> stages = new TreeMap<>();
    private final TreeMap<String, byte[]> expected = new TreeMap<>();
    private BlockSpace space;
    private BlockSpace others;
    private int nextName;
    private int nextFill;

    /** One staged block: of which cookie, and as what. */
    private record Stage(int cookie, CommitType type, long device, boolean fresh, byte fill) {}

    WholeGuaranteeHistory(ContractHost host, long seed) {
        this.host = host;
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.fixture = host.fixture(256L * BLOCK);
    }

    void run(int steps) {
        try (fixture) {
            fixture.pool().create(VOLUME, LEAST * 2L * BLOCK, Quota.guarantee(Quota.FULL));
            expected.put(VOLUME, new byte[LEAST * 2]);
            open();
            for (int i = 0; i < steps; i++) {
                drain();
                step();
                verify();
            }
            finish();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed=" + seed + ", last steps:\n  " + String.join("\n  ", trail), e);
        }
    }

    private void open() {
        space = fixture.space(VOLUME);
        others = fixture.space();
    }

    /** Now and then there is a little room. */
    private void drain() {
        if (random.nextInt(4) == 0) {
            int spare = random.nextInt(6);
            if (spare * (long) BLOCK <= fixture.available()) {
                Cookie kept = others.reserve(spare, BLOCK);
                drained.addAll(fixture.drain(others));
                kept.put();
                note("room for " + spare);
            }
        } else {
            drained.addAll(fixture.drain(others));
        }
    }

    private void note(String what) {
        trail.add(what);
        if (trail.size() > STEPS_SHOWN) {
            trail.remove();
        }
    }

    private int blocks() {
        return expected.get(VOLUME).length;
    }

    private void step() {
        int dice = random.nextInt(100);
        if (dice < 18) {
            reserve();
        } else if (dice < 50) {
            allocate();
        } else if (dice < 66) {
            commit();
        } else if (dice < 72) {
            put(random.nextInt(COOKIES));
        } else if (dice < 76) {
            note("flush");
            space.flush();
        } else if (dice < 81) {
            discard();
        } else if (dice < 83) {
            preallocate();
        } else if (dice < 85) {
            useOrGiveBack();
        } else if (dice < 91) {
            freeze();
        } else if (dice < 96) {
            destroy();
        } else if (dice < 97) {
            rollback();
        } else if (dice < 99) {
            resize();
        } else {
            restart();
        }
    }

    private void reserve() {
        int at = random.nextInt(COOKIES);
        if (cookies[at] == null) {
            int credits = random.nextInt(3 * MOST);
            int blockSize = BLOCK << (random.nextInt(3) * 4);
            note("reserve " + credits + " of " + blockSize + " as " + at);
            cookies[at] = space.reserve(credits, blockSize);
        }
    }

    private void allocate() {
        int at = random.nextInt(COOKIES);
        long first = random.nextInt(blocks());
        long count = Math.min(1 + random.nextInt(8), blocks() - first);
        if (cookies[at] == null) {
            return;
        }
        boolean hasCredit = cookies[at].creditsRemaining() > 0;
        Mapping mapping = new Mapping();
        Allocation kind;
        try (Lease _ = space.writeLease()) {
            kind = space.allocate(cookies[at], first * BLOCK, count * BLOCK, mapping);
            if (kind == Allocation.IN_PLACE) {
                fill(first, mapping);
            }
        }
        note("allocate " + first + "+" + count + " by " + at + ": " + kind);
        Stage there = stages.get(first);
        if (kind == Allocation.BUSY) {
            assertThat(there).as("busy, and nobody has it").isNotNull();
            assertThat(there.cookie()).isNotEqualTo(at);
        } else if (kind == Allocation.NO_CREDIT) {
            assertThat(hasCredit).as("refused with credit left").isFalse();
        } else if (kind != Allocation.IN_PLACE) {
            stage(at, first, kind.commitType(), mapping);
        }
    }

    private byte nextFill() {
        nextFill = nextFill % 100 + 1;
        return (byte) nextFill;
    }

    private void fill(long first, Mapping mapping) {
        for (int i = 0; i * (long) BLOCK < mapping.lengthBytes(); i++) {
            byte fill = nextFill();
            new TestIo(space).writeDevice(mapping.deviceOffsetBytes() + i * (long) BLOCK, block(fill));
            expected.get(VOLUME)[(int) first + i] = fill;
        }
    }

    private void stage(int cookie, long first, CommitType type, Mapping mapping) {
        for (int i = 0; i * (long) BLOCK < mapping.lengthBytes(); i++) {
            long device = mapping.deviceOffsetBytes() + i * (long) BLOCK;
            if (!stages.containsKey(first + i)) {
                Mapping old = fixture.map(space, (first + i) * BLOCK, BLOCK);
                boolean fresh = old.state() == MappingState.HOLE || old.deviceOffsetBytes() != device;
                byte fill = nextFill();
                new TestIo(space).writeDevice(device, block(fill));
                stages.put(first + i, new Stage(cookie, type, device, fresh, fill));
            }
        }
    }

    /** Neighbours that one answer handed out may be committed together; here as many as lie side by side. */
    private void commit() {
        Long first = stages.ceilingKey((long) random.nextInt(blocks()));
        if (first == null) {
            return;
        }
        Stage start = stages.get(first);
        byte[] bytes = block(start.fill());
        int count = 1;
        for (; count < 1 + random.nextInt(4); count++) {
            Stage next = stages.get(first + count);
            boolean follows = next != null
                    && next.cookie() == start.cookie()
                    && next.type() == start.type()
                    && next.fresh() == start.fresh()
                    && next.device() == start.device() + (long) count * BLOCK;
            if (!follows || start.type() == CommitType.COW) {
                break; // the sources may lie apart
            }
            bytes = Arrays.copyOf(bytes, (count + 1) * BLOCK);
            Arrays.fill(bytes, count * BLOCK, (count + 1) * BLOCK, next.fill());
        }
        note("commit " + first + "+" + count);
        space.commit(cookies[start.cookie()], start.type(), Fixture.batch(first * BLOCK, bytes));
        for (int i = 0; i < count; i++) {
            expected.get(VOLUME)[(int) (first + i)] = stages.remove(first + i).fill();
        }
    }

    private void put(int at) {
        if (cookies[at] != null) {
            note("put " + at);
            cookies[at].put();
            cookies[at] = null;
            stages.values().removeIf(stage -> stage.cookie() == at);
        }
    }

    /** A stage on a mapped unwritten block holds up what shares or clears it, and one thread cannot wait for itself. */
    private boolean isHeldUp() {
        return !stages.values().stream().allMatch(Stage::fresh);
    }

    private void discard() {
        long first = random.nextInt(blocks());
        long end = Math.min(blocks(), first + 1 + random.nextInt(8));
        if (!isHeldUp() && stages.subMap(first, end).isEmpty()) {
            note("discard " + first + " to " + end);
            space.discard(first * BLOCK, (end - first) * BLOCK);
            Arrays.fill(expected.get(VOLUME), (int) first, (int) end, (byte) 0);
        }
    }

    private void preallocate() {
        long first = random.nextInt(blocks());
        long end = Math.min(blocks(), first + 1 + random.nextInt(8));
        if (stages.subMap(first, end).isEmpty()) {
            note("preallocate " + first + " to " + end);
            Cookie cookie = space.reserve((int) (end - first), BLOCK);
            space.preallocate(cookie, first * BLOCK, (end - first) * BLOCK);
            cookie.put();
        }
    }

    /** What others drained becomes blocks of theirs, or comes back. */
    private void useOrGiveBack() {
        if (random.nextInt(3) == 0) {
            others.discard(0, others.sizeBytes());
            note("others discard all");
        }
        if (!drained.isEmpty()) {
            Cookie cookie = drained.remove(random.nextInt(drained.size()));
            for (int i = 0; i < 4 && cookie.creditsRemaining() > 0; i++) {
                new TestIo(others).write(cookie, random.nextInt(60) * (long) BLOCK, block(nextFill()));
            }
            note("others use some of a cookie and give it back");
            cookie.put();
        }
    }

    private void freeze() {
        if (isHeldUp() || expected.size() > 5) {
            return;
        }
        boolean clones = random.nextInt(3) == 0;
        String name = clones ? "c" + nextName++ : VOLUME + "@s" + nextName++;
        long promised = fixture.status().promisedBytes();
        if (!isRefused("freeze into " + name, () -> {
            if (clones) {
                fixture.pool().clone(VOLUME, List.of(name));
            } else {
                fixture.pool().snapshot(List.of(name));
            }
        })) {
            expected.put(name, expected.get(VOLUME).clone());
        } else {
            fixture.pool().awaitReclaim();
            assertThat(fixture.status().promisedBytes())
                    .as("promised after a refusal")
                    .isLessThanOrEqualTo(promised);
        }
    }

    private boolean isRefused(String what, Runnable call) {
        try {
            call.run();
            note(what);
            return false;
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
            note(what + ": refused");
            return true;
        }
    }

    private void destroy() {
        List<String> names =
                expected.keySet().stream().filter(name -> !name.equals(VOLUME)).toList();
        if (!names.isEmpty()) {
            String name = names.get(random.nextInt(names.size()));
            boolean waits = random.nextBoolean();
            note("destroy " + name + " waits=" + waits);
            fixture.pool().destroy(List.of(name), false);
            expected.remove(name);
            if (waits) {
                fixture.pool().awaitReclaim();
            }
        }
    }

    private void rollback() {
        List<String> names = expected.keySet().stream()
                .filter(name -> name.startsWith(VOLUME + "@"))
                .toList();
        if (names.isEmpty()) {
            return;
        }
        String name = names.get(random.nextInt(names.size()));
        closeAll();
        if (!isRefused("rollback to " + name, () -> fixture.pool().rollback(name, null))) {
            expected.put(VOLUME, expected.get(name).clone());
        }
        open();
    }

    private void resize() {
        int wanted = LEAST + random.nextInt(MOST - LEAST);
        closeAll();
        if (!isRefused("resize to " + wanted, () -> fixture.pool().resize(VOLUME, wanted * (long) BLOCK, true))) {
            expected.put(VOLUME, Arrays.copyOf(expected.get(VOLUME), wanted));
        }
        open();
    }

    private void restart() {
        boolean kills = random.nextBoolean();
        for (int i = 0; i < COOKIES && !kills; i++) {
            put(i);
        }
        note(kills ? "kill" : "reopen");
        if (kills) {
            fixture.kill();
        } else {
            drained.forEach(Cookie::put);
            fixture.reopen();
        }
        Arrays.fill(cookies, null);
        stages.clear();
        drained.clear();
        open();
    }

    /** Gives back what keeps the volume in use; the others keep what they have. */
    private void closeAll() {
        for (int i = 0; i < COOKIES; i++) {
            put(i);
        }
        fixture.closeSpaces();
    }

    private void verify() {
        host.assertConsistent(fixture.pool());
        assertThat(fixture.status().promisedBytes())
                .isLessThanOrEqualTo(fixture.status().freeBytes());
        if (random.nextInt(4) == 0) {
            fixture.pool().awaitReclaim();
            assertThat(fixture.pool().info(VOLUME).reservedBytes())
                    .as("what it neither owns nor has staged")
                    .isEqualTo(missing() * BLOCK);
            host.assertConsistent(fixture.pool());
        }
        expected.forEach((name, fills) -> {
            try (BlockSpace version = fixture.pool().open(name)) {
                byte[] bytes = new TestIo(version).read(0, fills.length * BLOCK);
                for (int i = 0; i < fills.length; i++) {
                    assertThat(bytes[i * BLOCK]).as("%s block %d", name, i).isEqualTo(fills[i]);
                    assertThat(bytes[(i + 1) * BLOCK - 1]).isEqualTo(fills[i]);
                }
            }
        });
    }

    private long missing() {
        long missing = 0;
        for (long block = 0; block < blocks(); block++) {
            Mapping old = fixture.map(space, block * BLOCK, BLOCK);
            boolean own = old.state() != MappingState.HOLE && !old.shared();
            missing += own || stages.containsKey(block) ? 0 : 1;
        }
        return missing;
    }

    /** All of it can be written, with nothing left in the pool. */
    private void finish() {
        for (int i = 0; i < COOKIES; i++) {
            put(i);
        }
        drained.addAll(fixture.drain(others));
        byte[] data = Fixture.bytes(seed, blocks() * BLOCK);
        Cookie cookie = space.reserve(blocks(), BLOCK);
        new TestIo(space).write(cookie, 0, data);
        cookie.put();
        assertThat(new TestIo(space).read(0, data.length)).isEqualTo(data);
        drained.forEach(Cookie::put);
        fixture.pool().awaitReclaim();
        host.assertConsistent(fixture.pool());
    }

    private static byte[] block(byte fill) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, fill);
        return bytes;
    }
}
