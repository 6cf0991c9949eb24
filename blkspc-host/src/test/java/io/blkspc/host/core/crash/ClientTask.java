package io.blkspc.host.core.crash;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.crash.CrashOracle.Command;
import io.blkspc.host.core.crash.CrashOracle.Head;
import io.blkspc.host.core.crash.RuleCoverage.Rule;
import io.blkspc.host.core.crash.SectorHistory.Write;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** One client: does random things to random volumes and tells the oracle before and after each. */
final class ClientTask implements Runnable {

    private static final int SECTORS_PER_BLOCK = Geometry.BLOCK_BYTES / SectorValue.BYTES;
    /** What a client may be told without anything being wrong. */
    private static final Set<Code> ORDINARY =
            EnumSet.of(Code.OUT_OF_SPACE, Code.BUSY, Code.CLOSED, Code.NOT_FOUND, Code.LIMIT);

    /** Names of volumes whose every block is guaranteed begin so. */
    private static final String GUARANTEED = "full";

    private final Workload workload;
    private final HostPool pool;
    private final CrashOracle oracle;
    private final SplittableRandom random;
    private final int operations;

    ClientTask(Workload workload, HostPool pool, long seed, int operations) {
        this.workload = workload;
        this.pool = pool;
        this.oracle = workload.oracle;
        this.random = new SplittableRandom(seed);
        this.operations = operations;
    }

    @Override
    public void run() {
        Workload.Mix mix = workload.mix;
        for (int i = 0; i < operations; i++) {
            workload.met(Rule.R13_JOURNAL_FULL, EngineFacts.isJournalFull(pool));
            List<String> heads = oracle.usable(true);
            if (heads.isEmpty()) {
                create();
                continue;
            }
            Head head = oracle.heads.get(heads.get(random.nextInt(heads.size())));
            int kind = random.nextInt(100);
            if (kind < mix.management()) {
                manage(head);
            } else if (kind < mix.management() + mix.clearing()) {
                clear(head);
            } else if (kind < mix.management() + mix.clearing() + mix.flushing()) {
                flush(head);
            } else if (random.nextInt(6) == 0) {
                read(head);
            } else if (random.nextInt(8) == 0) {
                writeZeroAndWriteAgain(head);
            } else {
                write(head);
            }
        }
    }

    // ---- data ----

    private void write(Head head) {
        int sector = workload.hotSector(random, head.initial.length);
        int most = random.nextInt(5) == 0 ? 12 * SECTORS_PER_BLOCK : 2 * SECTORS_PER_BLOCK;
        int count = 1 + random.nextInt(Math.min(most, head.initial.length - sector));
        if (random.nextBoolean()) { // whole blocks
            sector -= sector % SECTORS_PER_BLOCK;
            count = Math.min(
                    (count + SECTORS_PER_BLOCK - 1) / SECTORS_PER_BLOCK * SECTORS_PER_BLOCK,
                    head.initial.length - sector);
        }
        long[] values = new long[count];
        byte[] bytes = new byte[count * SectorValue.BYTES];
        for (int i = 0; i < count; i++) {
            values[i] = oracle.newValue();
            SectorValue.encode(values[i], bytes, i * SectorValue.BYTES);
        }
        boolean fua = random.nextInt(8) == 0;
        long offset = (long) sector * SectorValue.BYTES;
        boolean plain = random.nextBoolean();
        boolean slow = random.nextInt(4) == 0;
        boolean kept = !plain && head.name.startsWith(GUARANTEED);
        attempt(head, sector, values, fua, kept, target -> {
            BlockSpace space = new ObservedSpace(target, workload, slow ? () -> workload.dawdle(random) : () -> {});
            if (plain) {
                new TestIo(space).write(offset, bytes);
                if (fua) {
                    space.flush(offset, bytes.length);
                }
                return;
            }
            try (SpaceIo io = SpaceIo.on(space);
                    Arena arena = Arena.ofConfined()) {
                MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
                io.write(offset, bytes.length, memory, 0, fua);
            }
        });
    }

    /** The case of R1 that random requests seldom meet: a block named above the mark is unwritten when it is written again. */
    private void writeZeroAndWriteAgain(Head head) {
        int block = workload.hotSector(random, head.initial.length) / SECTORS_PER_BLOCK;
        long offset = (long) block * Geometry.BLOCK_BYTES;
        for (int round = 0; round < 3; round++) {
            if (oracle.heads.get(head.name) != head || !oracle.usable(true).contains(head.name)) {
                return; // rolled back or destroyed meanwhile: the next write would be one of another head
            }
            long[] values = new long[SECTORS_PER_BLOCK];
            byte[] bytes = new byte[Geometry.BLOCK_BYTES];
            boolean zeroes = round == 1;
            for (int i = 0; !zeroes && i < values.length; i++) {
                values[i] = oracle.newValue();
                SectorValue.encode(values[i], bytes, i * SectorValue.BYTES);
            }
            attempt(head, block * SECTORS_PER_BLOCK, values, false, false, space -> {
                if (zeroes) {
                    space.zero(offset, Geometry.BLOCK_BYTES, true);
                } else {
                    new TestIo(new ObservedSpace(space, workload, () -> {})).write(offset, bytes);
                }
            });
        }
    }

    private interface Action {
        void on(BlockSpace space);
    }

    private void attempt(Head head, int sector, long[] values, boolean fua, boolean kept, Action action) {
        List<Write> writes = oracle.begin(head, sector, values);
        boolean ended = workload.writingEnded;
        try (BlockSpace space = pool.open(head.name)) {
            action.on(space);
            oracle.replied(writes, fua);
            workload.succeeded(ended, "write of " + head.name + " sector=" + sector);
        } catch (BlockSpaceException e) {
            if (kept && e.code() == Code.OUT_OF_SPACE) {
                throw new AssertionError("a guaranteed write found no space: volume=" + head.name, e);
            }
            refuseUnlessOrdinary(e);
            oracle.failed(writes);
        }
    }

    private void clear(Head head) {
        int block = workload.hotSector(random, head.initial.length) / SECTORS_PER_BLOCK;
        int blocks = head.initial.length / SECTORS_PER_BLOCK;
        int most = random.nextInt(10) == 0 ? blocks : 4;
        int count = 1 + random.nextInt(Math.min(most, blocks - block));
        if (random.nextInt(40) == 0) {
            block = 0;
            count = blocks;
        }
        long offset = (long) block * Geometry.BLOCK_BYTES;
        long length = (long) count * Geometry.BLOCK_BYTES;
        long[] zeros = new long[count * SECTORS_PER_BLOCK];
        boolean fua = random.nextInt(6) == 0;
        int kind = random.nextInt(5);
        if (kind == 4) {
            preallocate(head, offset, Math.min(length, 8L * Geometry.BLOCK_BYTES));
            return;
        }
        boolean kept = (kind == 0 || kind == 1) && head.name.startsWith(GUARANTEED);
        attempt(head, block * SECTORS_PER_BLOCK, zeros, fua, kept, space -> {
            switch (kind) {
                case 0 -> space.discard(offset, length);
                case 1 -> zero(space, offset, length, false);
                case 2 -> space.zero(offset, length, true);
                default -> zero(space, offset, length, true);
            }
            if (fua) {
                space.flush(offset, length);
            }
        });
    }

    private static void zero(BlockSpace space, long offset, long length, boolean noHole) {
        try (SpaceIo io = SpaceIo.on(space)) {
            io.zero(offset, length, noHole, false);
        }
    }

    /** Changes nothing a reader sees. */
    private void preallocate(Head head, long offset, long length) {
        try (BlockSpace space = pool.open(head.name)) {
            Cookie cookie = space.reserve((int) (length / Geometry.BLOCK_BYTES), Geometry.BLOCK_BYTES);
            try {
                space.preallocate(cookie, offset, length);
            } finally {
                cookie.put();
            }
        } catch (BlockSpaceException e) {
            refuseUnlessOrdinary(e);
        }
    }

    private void flush(Head head) {
        long begin = oracle.now();
        boolean ended = workload.writingEnded;
        try (BlockSpace space = pool.open(head.name)) {
            if (random.nextInt(4) == 0) {
                pool.flush();
                oracle.flushedAll(begin);
            } else {
                space.flush();
                oracle.flushed(head, begin);
            }
            workload.succeeded(ended, "flush");
        } catch (BlockSpaceException e) {
            refuseUnlessOrdinary(e);
        }
    }

    private void read(Head head) {
        int sector = workload.hotSector(random, head.initial.length);
        int count = 1 + random.nextInt(Math.min(40, head.initial.length - sector));
        long begin = oracle.now();
        try (BlockSpace space = pool.open(head.name)) {
            boolean slow = random.nextBoolean();
            BlockSpace observed = new ObservedSpace(space, workload, slow ? () -> workload.dawdle(random) : () -> {});
            byte[] bytes = new TestIo(observed).read((long) sector * SectorValue.BYTES, count * SectorValue.BYTES);
            long[] values = new long[count];
            for (int i = 0; i < count; i++) {
                values[i] = SectorValue.decode(bytes, i * SectorValue.BYTES);
            }
            oracle.read(head, sector, values, begin);
        } catch (BlockSpaceException e) {
            refuseUnlessOrdinary(e);
        }
    }

    // ---- versions ----

    private void manage(Head head) {
        List<String> all = oracle.usable(false);
        if (all.size() > Workload.MAX_VERSIONS || random.nextInt(5) == 0) {
            destroy(all);
            return;
        }
        switch (random.nextInt(11)) {
            case 0 -> create();
            case 1, 2 -> snapshot(head);
            case 3 -> groupSnapshot();
            case 4 -> cloneOf(all.get(random.nextInt(all.size())));
            case 5 -> checkpointOrGrow();
            case 6, 7 -> rollback(all);
            case 8 -> rename(all);
            default -> cloneOf(head.name);
        }
    }

    private void checkpointOrGrow() {
        boolean grows = random.nextInt(3) != 0;
        long size = pool.status().sizeBytes() + (1L + random.nextInt(64)) * Geometry.BLOCK_BYTES;
        try {
            if (grows && size <= Workload.MOST_POOL_BYTES) {
                workload.askedSize = Math.max(workload.askedSize, size);
                boolean ended = workload.writingEnded;
                pool.grow(size);
                workload.succeeded(ended, "grow");
                workload.grownSize = Math.max(workload.grownSize, size);
                workload.met(Rule.D5_GROW);
            } else {
                pool.checkpoint();
            }
        } catch (IllegalArgumentException e) {
            if (pool.status().sizeBytes() <= size) { // else somebody else made it larger meanwhile
                throw e;
            }
        } catch (BlockSpaceException e) {
            refuseUnlessOrdinary(e);
        }
    }

    private void create() {
        int blocks = workload.volumeBlocks(random);
        Quota quota = quota();
        String name = newVolume(quota, "v");
        command(false, List.of(), List.of(name), () -> pool.create(name, (long) blocks * Geometry.BLOCK_BYTES, quota));
    }

    private void snapshot(Head head) {
        List<String> names = List.of(head.name + "@" + workload.newName("s"));
        command(false, List.of(head.name), names, () -> pool.snapshot(names));
    }

    private void groupSnapshot() {
        List<String> sources = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String name : oracle.usable(true)) {
            if (names.size() < 3 && random.nextBoolean()) {
                sources.add(name);
                names.add(name + "@" + workload.newName("g"));
            }
        }
        if (!names.isEmpty()) {
            command(false, sources, names, () -> pool.snapshot(names));
        }
    }

    private void cloneOf(String source) {
        Quota quota = quota();
        List<String> names = new ArrayList<>();
        for (int i = random.nextInt(3) == 0 ? 2 : 1; i > 0; i--) {
            names.add(newVolume(quota, "c"));
        }
        command(false, List.of(source), names, () -> pool.clone(source, names, quota));
    }

    private void rollback(List<String> all) {
        List<String> possible = all.stream()
                .filter(name -> oracle.snapshots.containsKey(name) && oracle.heads.containsKey(volumeOf(name)))
                .filter(name -> oracle.isIdle(volumeOf(name)) && all.contains(volumeOf(name)))
                .toList();
        if (possible.isEmpty()) {
            return;
        }
        String snapshot = possible.get(random.nextInt(possible.size()));
        String keepAs = random.nextBoolean() ? workload.newName("k") : null;
        Head head = oracle.heads.get(volumeOf(snapshot));
        command(oracle.beginRollback(head, snapshot, keepAs), () -> {
            pool.rollback(snapshot, keepAs);
            workload.met(Rule.D5_ROLLBACK);
        });
    }

    private static String volumeOf(String name) {
        return name.substring(0, Math.max(0, name.indexOf('@')));
    }

    /** Of snapshots only: others may be making snapshots of a volume meanwhile, whose names would change as well. */
    private void rename(List<String> all) {
        List<String> possible = all.stream()
                .filter(name -> oracle.snapshots.containsKey(name) && oracle.isIdle(name))
                .toList();
        if (possible.isEmpty()) {
            return;
        }
        String from = possible.get(random.nextInt(possible.size()));
        String to = volumeOf(from) + "@" + workload.newName("r");
        command(oracle.beginRename(from, to), () -> {
            pool.rename(from, to);
            workload.met(Rule.D5_RENAME);
        });
    }

    private Quota quota() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> Quota.guarantee(Quota.FULL);
            case 2 -> Quota.guarantee((1L + random.nextInt(20)) * Geometry.BLOCK_BYTES);
            case 3 -> Quota.limit((1L + random.nextInt(40)) * Geometry.BLOCK_BYTES);
            default -> Quota.NONE;
        };
    }

    private String newVolume(Quota quota, String kind) {
        return workload.newName(quota.guaranteeBytes() == Quota.FULL ? GUARANTEED : kind);
    }

    private void destroy(List<String> all) {
        List<String> names = new ArrayList<>();
        for (int i = random.nextInt(4) == 0 ? 2 : 1; i > 0 && !all.isEmpty(); i--) {
            names.add(all.remove(random.nextInt(all.size())));
        }
        if (oracle.heads.size() > 1 || !oracle.heads.keySet().containsAll(names)) {
            command(true, List.of(), names, () -> pool.destroy(names, random.nextInt(4) != 0));
        }
    }

    private void command(boolean destroys, List<String> sources, List<String> names, Runnable call) {
        command(oracle.begin(destroys, sources, names), call);
    }

    private void command(Command command, Runnable call) {
        List<String> names = command.names;
        boolean ended = workload.writingEnded;
        try {
            call.run();
        } catch (BlockSpaceException e) {
            refuseUnlessOrdinary(e);
            if (ORDINARY.contains(e.code())) {
                oracle.refused(command);
            }
            return; // after an IO error it may have happened or not
        }
        workload.succeeded(ended, "command for " + names);
        long end = oracle.now();
        if (command.renames) {
            oracle.renamed(command);
            return;
        }
        if (command.destroys) {
            oracle.returned(command, null, end);
            return;
        }
        PoolContent.Version[] made = new PoolContent.Version[names.size()];
        for (int i = 0; i < made.length; i++) {
            try (BlockSpace space = pool.open(names.get(i))) {
                made[i] = new PoolContent.Version(!space.isReadOnly(), PoolContent.read(space, new BitSet()));
            } catch (BlockSpaceException e) {
                refuseUnlessOrdinary(e);
                return; // what it holds is not known; a check after the next crash looks at it as at one under way
            }
        }
        oracle.returned(command, made, end);
    }

    private void refuseUnlessOrdinary(BlockSpaceException e) {
        boolean isFault = workload.hasFaults
                && (e.code() == Code.IO || e.code() == Code.FAILED || e.code() == Code.OUT_OF_BACKING);
        if (!ORDINARY.contains(e.code()) && !isFault) {
            throw e;
        }
    }
}
