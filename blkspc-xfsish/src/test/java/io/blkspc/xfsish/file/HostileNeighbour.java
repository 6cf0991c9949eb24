package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The space of a file system in a pool that another client wants for itself: before each call that writes something, the other
 * one takes all that is left, down to the last block, and makes everything the file system has shared, by snapshots. What is asked for is
 * refused once although it was there, as if the other one had been faster. For one thread.
 */
final class HostileNeighbour extends ForwardingSpace {

    private static final int PIECE = 16 * Fixture.BLOCK;
    private static final int MAX_SNAPSHOTS = 3;
    private static final int[] WINDOWS = {1 << 20, 1 << 16, Fixture.BLOCK};

    private final Fixture fixture;
    private final SplittableRandom random;
    private final boolean writes;
    private final BlockSpace other;
    private final TestIo otherIo;
    private final List<Cookie> taken = new ArrayList<>();
    private final Deque<Long> written = new ArrayDeque<>();
    private final Deque<String> snapshots = new ArrayDeque<>();
    private long next;
    private int names;
    private boolean isAsleep = true;
    private boolean isFast;
    private boolean stagesUnwritten;
    private final Set<Integer> refused = new HashSet<>();

    int snapshotsTaken;
    int fills;

    /**
     * Another client of the pool, asleep.
     *
     * @param writes it writes its blocks, and does not only reserve them
     */
    HostileNeighbour(Fixture fixture, SplittableRandom random, boolean writes) {
        super(fixture.space());
        this.fixture = fixture;
        this.random = random;
        this.writes = writes;
        fixture.pool().create("other", 16 * FileSystemOracleTest.POOL);
        other = fixture.space("other");
        otherIo = new TestIo(other);
    }

    /** From now on it takes what there is. */
    void wake() {
        isAsleep = false;
        take();
    }

    /** It lets go of up to so many bytes, and takes nothing until {@link #wake}. */
    void sleep(long bytes) {
        isAsleep = true;
        isFast = true;
        refused.clear();
        taken.forEach(Cookie::put);
        taken.clear();
        for (long done = 0; done < bytes && !written.isEmpty(); done += PIECE) {
            other.discard(written.removeFirst(), PIECE);
        }
        long left = other.reservable(Fixture.BLOCK) - bytes / Fixture.BLOCK;
        if (left > 0) {
            taken.add(other.reserve((int) left, Fixture.BLOCK));
        }
    }

    /** Everything it has goes back, and the snapshots with it. */
    void leave() {
        sleep(Long.MAX_VALUE);
        taken.forEach(Cookie::put);
        taken.clear();
        isFast = false;
        while (!snapshots.isEmpty()) {
            destroyOldest();
        }
    }

    private void take() {
        if (isAsleep) {
            return;
        }
        if (writes) {
            write();
        }
        reserveAll();
    }

    private void reserveAll() {
        if (isAsleep) {
            return;
        }
        fills++;
        for (int i = random.nextInt(WINDOWS.length); i < WINDOWS.length; i++) {
            int count = other.reservable(WINDOWS[i]);
            if (count > 0) {
                taken.add(other.reserve(count, WINDOWS[i]));
            }
        }
        while (reserveOne()) {} // what a destroy gives back meanwhile
    }

    private boolean reserveOne() {
        try {
            taken.add(other.reserve(1, Fixture.BLOCK));
            return true;
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
            return false;
        }
    }

    private void write() {
        try {
            while (next + PIECE <= other.sizeBytes()) {
                otherIo.write(next, Fixture.bytes(next, PIECE));
                written.addLast(next);
                next += PIECE;
            }
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    /** What was private is shared, or may not be because it could not be covered. Not under a write lease. */
    private void share() {
        if (isAsleep || random.nextInt(6) != 0) {
            return;
        }
        if (snapshots.size() == MAX_SNAPSHOTS) {
            destroyOldest();
        }
        String name = name() + "@s" + names++;
        try {
            fixture.pool().snapshot(List.of(name));
            snapshots.addLast(name);
            snapshotsTaken++;
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    private void destroyOldest() {
        fixture.pool().destroy(List.of(snapshots.removeFirst()), false);
        if (random.nextBoolean()) {
            fixture.pool().awaitReclaim();
        }
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        if (!isAsleep || isFaster(allocCount)) {
            refused.add(allocCount);
            throw new BlockSpaceException(Code.OUT_OF_SPACE, "the other one was faster");
        }
        return super.reserve(allocCount, blockSizeBytes);
    }

    /** The file system asks for more than it needs where it can, and must not need it; so of two requests the first finds less. */
    private boolean isFaster(int allocCount) {
        return isFast && allocCount > 1 && !refused.contains(allocCount) && !refused.contains(2 * allocCount);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        reserveAll(); // a write of this thread would wait for the lease that it holds
        Allocation kind = super.allocate(cookie, offsetBytes, countBytes, mapping);
        stagesUnwritten |= kind == Allocation.UNWRITTEN;
        return kind;
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        if (!stagesUnwritten) { // a snapshot would wait for those of blocks that are allocated, and this thread commits
            // them
            share();
        }
        take();
        super.commit(cookie, type, ranges);
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        stagesUnwritten = false;
        share();
        take();
        super.discard(offsetBytes, countBytes);
    }

    @Override
    public void flush() {
        stagesUnwritten = false;
        share();
        take();
        super.flush();
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        stagesUnwritten = false;
        share();
        take();
        super.flush(offsetBytes, countBytes);
    }
}
