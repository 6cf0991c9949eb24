package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.ReservationMachine.Held.Open;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Runs {@link Step steps} on one pool and keeps its own books of what every cookie is owed and what every version holds.
 * After each step the pool's promise is the sum of the books, its allocation is what versions map and stages hold, and
 * readers see exactly what was committed.
 */
final class ReservationMachine implements AutoCloseable {

    static final int COOKIES = 4;
    static final int BLOCKS = 40;

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int WINDOW_BLOCKS = 4;

    private final Fixture fixture;
    private final BlockSpace space;
    private final Held[] cookies = new Held[COOKIES];
    /** Bytes of each version as one fill value for each block; 0 reads as zeros. */
    private final TreeMap<String, byte[]> contents = new TreeMap<>();
    /** Staged blocks of {@code vol}, whoever has them. */
    private final Map<Long, Open> stages = new HashMap<>();

    private PoolAudit audit;
    private int nextName;
    private byte nextFill = 1;

    /** A cookie and what the books say of it. */
    static final class Held {
        private final Cookie cookie;
        private final int windowBlocks;
        private int references = 1;
        private int credits;
        private long promised;
        private final Map<Long, Set<Long>> windows = new HashMap<>();

        /** One staged block. */
        record Open(Held owner, Allocation kind, long physical, boolean fresh, byte fill) {}

        Held(Cookie cookie, int credits, int windowBlocks) {
            this.cookie = cookie;
            this.credits = credits;
            this.windowBlocks = windowBlocks;
            this.promised = (long) credits * windowBlocks;
        }

        /** {@code true} when the contract guarantees this block; a host may be more generous. */
        boolean isOwed(long block) {
            Set<Long> taken = windows.get(block / windowBlocks);
            return credits > 0 || (taken != null && !taken.contains(block));
        }

        void take(long block) {
            Set<Long> taken = windows.get(block / windowBlocks);
            if (taken == null || taken.contains(block)) {
                credits--;
                taken = new HashSet<>();
                windows.put(block / windowBlocks, taken);
            }
            taken.add(block);
        }
    }

    ReservationMachine(ContractHost host) {
        fixture = host.fixture(256L * BLOCK);
        space = fixture.space();
        contents.put("vol", new byte[BLOCKS]);
        audit = new PoolAudit(fixture.pool());
    }

    void run(List<Step> steps) {
        for (Step step : steps) {
            switch (step.kind()) {
                case RESERVE -> reserve(step);
                case GET -> get(step);
                case PUT -> put(step);
                case CANCEL -> cancel(step);
                case ALLOCATE -> allocate(step);
                case COMMIT -> commit(step);
                case FREEZE -> freeze();
                case FLUSH -> space.flush();
                case DISCARD -> discard(step, false);
                case ZERO_KEEP -> discard(step, true);
                case PREALLOCATE -> preallocate(step);
                case CLONE -> cloneOne();
                case DESTROY -> destroy(step);
            }
            verify();
        }
        for (int i = 0; i < COOKIES; i++) {
            while (cookies[i] != null) {
                put(new Step(Step.Kind.PUT, i, 0, 1));
            }
        }
        verify();
        assertThat(fixture.status().reservedBytes()).isZero();
    }

    private void reserve(Step step) {
        if (cookies[step.cookie()] != null) {
            return;
        }
        int windowBlocks = step.block() % 2 == 0 ? 1 : WINDOW_BLOCKS;
        int credits = step.count() * step.block() / 4;
        boolean fits = (long) credits * windowBlocks * BLOCK <= fixture.available();
        try {
            Cookie cookie = space.reserve(credits, windowBlocks * BLOCK);
            assertThat(fits).as("more was promised than is free").isTrue();
            cookies[step.cookie()] = new Held(cookie, credits, windowBlocks);
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    private void get(Step step) {
        Held held = cookies[step.cookie()];
        if (held != null) {
            boolean cancelled = held.cookie.isCancelled();
            assertThat(held.cookie.get()).isSameAs(cancelled ? null : held.cookie);
            held.references += cancelled ? 0 : 1;
        }
    }

    private void put(Step step) {
        Held held = cookies[step.cookie()];
        if (held != null) {
            held.cookie.put();
            if (--held.references == 0) {
                cookies[step.cookie()] = null;
                stages.values().removeIf(stage -> stage.owner() == held);
                assertThat(held.cookie.get()).isNull();
            }
        }
    }

    private void cancel(Step step) {
        if (cookies[step.cookie()] != null) {
            cookies[step.cookie()].cookie.cancel();
        }
    }

    private void allocate(Step step) {
        Held held = cookies[step.cookie()];
        if (held == null) {
            return;
        }
        long first = step.block();
        long count = Math.min(step.count(), BLOCKS - first);
        Mapping mapping = new Mapping();
        if (held.cookie.isCancelled()) {
            Fixture.assertCode(
                    Code.CANCELLED, () -> fixture.allocate(space, held.cookie, first * BLOCK, count * BLOCK, mapping));
            return;
        }
        Allocation kind = fixture.allocate(space, held.cookie, first * BLOCK, count * BLOCK, mapping);
        Open there = stages.get(first);
        if (there != null && there.owner() != held) {
            assertThat(kind).isEqualTo(Allocation.BUSY);
        } else if (kind == Allocation.NO_CREDIT) {
            assertThat(there).as("a stage of one's own needs no credit").isNull();
            assertThat(held.isOwed(first)).as("credit that was paid for").isFalse();
        } else if (kind != Allocation.BUSY && kind != Allocation.IN_PLACE) {
            book(held, kind, first, mapping);
        }
    }

    private void book(Held held, Allocation kind, long first, Mapping mapping) {
        for (long i = 0; i * BLOCK < mapping.lengthBytes(); i++) {
            long block = first + i;
            long physical = mapping.deviceOffsetBytes() / BLOCK + i;
            Open there = stages.get(block);
            if (there != null) {
                assertThat(there.owner()).as("stage handed to two cookies").isSameAs(held);
                assertThat(there.physical()).as("the same stage").isEqualTo(physical);
                assertThat(there.kind()).isEqualTo(kind);
                continue;
            }
            PoolAudit.Mapped old = audit.map("vol").get(block);
            boolean fresh = old == null || old.physical() != physical;
            if (fresh) {
                assertThat(audit.physicalBlocks())
                        .as("target that a version holds")
                        .doesNotContain(physical);
                held.promised--;
                assertThat(held.promised).as("blocks drawn beyond the promise").isNotNegative();
            }
            assertThat(stages.values()).as("target handed out twice").noneMatch(s -> s.physical() == physical);
            held.take(block);
            byte fill = nextFill == 0 ? 1 : nextFill;
            nextFill = (byte) (fill + 1);
            new TestIo(space).writeDevice(physical * BLOCK, block(fill));
            stages.put(block, new Open(held, kind, physical, fresh, fill));
        }
    }

    /** Commits one staged block after the other from the step's block on, as many as it says. */
    private void commit(Step step) {
        List<Long> blocks = new ArrayList<>(
                new TreeMap<>(stages).tailMap((long) step.block()).keySet());
        for (Long block : blocks.subList(0, Math.min(blocks.size(), step.count()))) {
            Open stage = stages.remove(block);
            CommitType type = stage.kind().commitType();
            space.commit(stage.owner().cookie, type, Fixture.batch(block * BLOCK, block(stage.fill())));
            contents.get("vol")[block.intValue()] = stage.fill();
        }
    }

    private void freeze() {
        if (canFreeze()) {
            String name = "vol@s" + nextName++;
            fixture.pool().snapshot(List.of(name));
            contents.put(name, contents.get("vol").clone());
        }
    }

    private void cloneOne() {
        if (canFreeze()) {
            String name = "c" + nextName++;
            fixture.pool().clone("vol", List.of(name));
            contents.put(name, contents.get("vol").clone());
        }
    }

    private boolean canFreeze() {
        return contents.size() < 6 && !isHeldUp();
    }

    /** A stage on a mapped unwritten block holds up a freeze and a clear that keeps, and one thread cannot wait for itself. */
    private boolean isHeldUp() {
        return !stages.values().stream().allMatch(Open::fresh);
    }

    private void destroy(Step step) {
        List<String> others =
                contents.keySet().stream().filter(n -> !n.equals("vol")).toList();
        if (!others.isEmpty()) {
            String name = others.get(step.block() % others.size());
            fixture.pool().destroy(List.of(name), false);
            fixture.pool().awaitReclaim();
            contents.remove(name);
        }
    }

    private void discard(Step step, boolean keep) {
        if (keep && isHeldUp()) {
            return;
        }
        long end = Math.min(BLOCKS, step.block() + 2L * step.count());
        for (long block = step.block(); block < end; block++) {
            if (!stages.containsKey(block)) {
                if (keep) {
                    space.zero(block * BLOCK, BLOCK, true);
                } else {
                    space.discard(block * BLOCK, BLOCK);
                }
                contents.get("vol")[(int) block] = 0;
            }
        }
    }

    private void preallocate(Step step) {
        Held held = cookies[step.cookie()];
        if (held == null || held.cookie.isCancelled() || stages.containsKey((long) step.block())) {
            return;
        }
        long block = step.block();
        boolean owed = held.isOwed(block);
        boolean hole = audit.map("vol").get(block) == null;
        Code code = TestIo.codeOf(() -> space.preallocate(held.cookie, block * BLOCK, BLOCK));
        if (code != null) {
            assertThat(code).isEqualTo(Code.NO_CREDIT);
            assertThat(hole && !owed).as("credit that was paid for").isTrue();
        } else if (hole) {
            held.take(block);
            held.promised--;
        }
    }

    private void verify() {
        audit = new PoolAudit(fixture.pool());
        Set<Long> staged = new HashSet<>();
        stages.values().forEach(stage -> staged.add(stage.physical()));
        audit.check(fixture.pool(), staged);
        long promised = 0;
        for (Held held : cookies) {
            promised += held == null ? 0 : held.promised;
        }
        assertThat(fixture.status().reservedBytes()).as("Σ cookies").isEqualTo(promised * BLOCK);
        contents.forEach((name, fills) -> {
            try (BlockSpace version = fixture.pool().open(name)) {
                byte[] bytes = new TestIo(version).read(0, BLOCKS * BLOCK);
                for (int i = 0; i < BLOCKS; i++) {
                    assertThat(bytes[i * BLOCK]).as("%s block %d", name, i).isEqualTo(fills[i]);
                    assertThat(bytes[(i + 1) * BLOCK - 1]).isEqualTo(fills[i]);
                }
            }
        });
    }

    private static byte[] block(byte fill) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, fill);
        return bytes;
    }

    @Override
    public void close() {
        fixture.close();
    }
}
