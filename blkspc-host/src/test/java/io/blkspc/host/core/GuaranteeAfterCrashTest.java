package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a guarantee of some blocks stands for after a crash, where others take all node slots that they can have. */
class GuaranteeAfterCrashTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long FAR = 1L << 31; // each under nodes of its own
    private static final int GUARANTEED = 40;

    private final InertScheduler inert = new InertScheduler();
    private final SimDisk disk = new SimDisk(inert, 1);
    private HostPool pool;

    @BeforeEach
    void open() {
        SimPool.create(disk, inert, SimPool.geometry(8 << 20, 600, 256 << 10), 1);
        pool = SimPool.on(disk, inert, 2).open();
        pool.create("other", 1L << 40);
        pool.create("g", 1L << 40, Quota.guarantee((long) GUARANTEED * BLOCK));
    }

    private void write(long block, int count, int seed) {
        try (BlockSpace space = pool.open("g")) {
            new TestIo(space).write(block * BLOCK, Fixture.bytes(seed, count * BLOCK));
        }
    }

    private Ledger ledger() {
        return pool.engine().ledger;
    }

    /** Another client is promised node slots until there are none. */
    private List<Cookie> reserveAllSlots() {
        List<Cookie> taken = new ArrayList<>();
        BlockSpace other = pool.open("other");
        while (ledger().available(Resource.NODE_SLOTS) >= HostCookie.SLOTS_PER_CREDIT) {
            taken.add(other.reserve(1, BLOCK));
        }
        return taken;
    }

    /** Makes use of the guarantee, in places that need most nodes: so many blocks, none of them from slop. */
    private void useGuarantee(int blocks) {
        EngineFacts.requireConsistent(pool);
        try (BlockSpace space = pool.open("g")) {
            Cookie cookie = space.reserve(blocks, BLOCK);
            for (int i = 1; i <= blocks; i++) {
                new TestIo(space).write(cookie, i * FAR, Fixture.bytes(i, BLOCK));
            }
            cookie.put();
        }
        assertThat(ledger().available(Resource.NODE_SLOTS)).isNotNegative();
        assertThat(ledger().available(Resource.LOG_BYTES)).isNotNegative();
        EngineFacts.requireConsistent(pool);
    }

    /** What the merge has not sorted yet is counted as the volume's own: its guarantee must not shrink by that. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guaranteeStandsWhileAMergeIsSorted(boolean isKilled) {
        write(0, 30, 1);
        pool.snapshot(List.of("g@s"));
        for (int block = 0; block < 30; block++) {
            write(block, 1, 2);
        }
        pool.flush();
        pool.destroy(List.of("g@s"), false);
        EngineFacts.reaperSteps(pool, 2);
        EngineFacts.stepIntoSort(pool);
        if (isKilled) {
            pool.fail(new IllegalStateException("killed"));
            pool = SimPool.on(disk, inert, 3).open();
            assertThat(EngineFacts.isReaping(pool)).isTrue();
        }
        List<Cookie> taken = reserveAllSlots();
        pool.awaitReclaim();
        useGuarantee(GUARANTEED - 30);
        taken.forEach(Cookie::put);
        pool.flush();
        EngineFacts.requireExact(pool);
    }

    /** Slop is for work that gives space back: what stood promised meanwhile stands after a restart too. */
    @Test
    void guaranteeStandsWhileSlopIsInUse() {
        try (BlockSpace other = pool.open("other")) {
            Cookie windows = other.reserve(5, Geometry.MAX_WINDOW_BYTES);
            new TestIo(other).write(windows, 0, new byte[5 << 20]);
            windows.put();
            preallocateAllSlots().forEach(Cookie::put);
            for (int mib = 0; mib < 5; mib++) {
                other.discard((mib << 20) + 7L * BLOCK, BLOCK); // each needs a leaf
            }
        }
        assertThat(ledger().available(Resource.NODE_SLOTS)).as("slop is in use").isNegative();
        pool = SimPool.on(disk.killImage(), inert, 3).open();
        EngineFacts.requireConsistent(pool);
        EngineFacts.requireExact(pool);
    }

    /** What a commit left over is others' after a persist point, and a shortage asks for one. */
    @Test
    void surplusGoesBackWhenItIsSafe() {
        pool.flush();
        write(0, 36, 1);
        long promised = EngineFacts.promisedNodeSlots(pool);
        try (BlockSpace other = pool.open("other")) {
            long available = ledger().available(Resource.NODE_SLOTS);
            int credits = (int) (available / HostCookie.SLOTS_PER_CREDIT) + 20;
            other.reserve(credits, BLOCK).put();
        }
        assertThat(EngineFacts.promisedNodeSlots(pool)).isLessThan(promised);
        write(100, 1, 2);
        long before = EngineFacts.promisedNodeSlots(pool);
        pool.flush();
        assertThat(EngineFacts.promisedNodeSlots(pool)).isLessThan(before);
        EngineFacts.requireExact(pool);
    }

    /** A replay sees how a tail is given up and not that it is gone: with one, more would stand promised. */
    @Test
    void tailThatWasGivenUpAsksForNothing() {
        write(0, 30, 1);
        try (BlockSpace space = pool.open("g")) {
            new TestIo(space).write(FAR, Fixture.bytes(2, BLOCK));
        }
        pool.flush();
        pool.resize("g", FAR, true);
        pool.awaitReclaim();
        EngineFacts.requireExact(pool);
        long promised = EngineFacts.promisedNodeSlots(pool);
        pool = SimPool.on(disk.killImage(), inert, 3).open();
        assertThat(EngineFacts.promisedNodeSlots(pool)).isEqualTo(promised);
        EngineFacts.requireExact(pool);
    }

    /** What is freed because all clones have written it is nobody's while a power cut may undo what one of them has written. */
    @Test
    void whatWasGivenUpInDoubtIsNotOthers() {
        int writes = 8;
        for (int i = 1; i <= writes; i++) {
            write(i * FAR / BLOCK, 1, i);
        }
        pool.snapshot(List.of("g@s"));
        pool.clone("g@s", List.of("clone"), Quota.NONE);
        pool.destroy(List.of("g@s"), false);
        try (BlockSpace clone = pool.open("clone")) {
            for (int i = 1; i <= writes; i++) {
                new TestIo(clone).write(i * FAR, Fixture.bytes(50 + i, BLOCK));
            }
        }
        preallocateWhileThereAreSlots(20);
        pool.flush();
        for (int i = 1; i <= writes; i++) {
            write(i * FAR / BLOCK, 1, 100 + i);
        }
        pool.awaitReclaim();
        preallocateWhileThereAreSlots(200);
        SimDisk after = disk.cut(new SplittableRandom(1), CutKind.ALL);
        for (int i = 1; i <= writes; i++) {
            loseUnforced(after, i * FAR / BLOCK, 1);
        }
        pool = SimPool.on(after, inert, 3).open();
        for (Resource resource : Resource.values()) {
            assertThat(ledger().available(resource)).as("%s", resource).isNotNegative();
        }
        useGuarantee(GUARANTEED);
    }

    /** Another client uses node slots that are there, and asks for none that are not. */
    private void preallocateWhileThereAreSlots(int from) {
        try (BlockSpace other = pool.open("other")) {
            for (int i = from; ledger().available(Resource.NODE_SLOTS) >= HostCookie.SLOTS_PER_CREDIT; i++) {
                Cookie cookie = other.reserve(1, BLOCK);
                other.preallocate(cookie, i * FAR, BLOCK);
                cookie.put();
            }
        }
    }

    /** What is left of a volume that is given back has no tail to look for: its nodes are gone. */
    @Test
    void tailOfWhatIsBeingReapedIsNotLookedAt() {
        write(0, 30, 1);
        write(FAR / BLOCK, 1, 2);
        pool.flush();
        EngineFacts.shrinkAndKeepTheTail(pool, "g", FAR);
        pool.destroy(List.of("g"), false);
        EngineFacts.stepIntoWalk(pool);
        pool = SimPool.on(disk.killImage(), inert, 3).open();
        assertThat(EngineFacts.isReaping(pool)).isTrue();
        pool.awaitReclaim();
        EngineFacts.requireExact(pool);
    }

    /**
     * A power cut that leaves the records of all writes, and the data of all but those into the volume: it has its guarantee
     * again, and others have used node slots for good since.
     */
    @Test
    void guaranteeStandsForWhatDidNotArrive() {
        pool.flush();
        for (int block = 0; block < 36; block += 9) {
            write(block, 9, block);
        }
        preallocateAllSlots();
        SimDisk after = disk.cut(new SplittableRandom(1), CutKind.ALL);
        loseUnforced(after, 0, 36);
        pool = SimPool.on(after, inert, 3).open();
        long own = pool.info("g").exclusiveBytes() / BLOCK;
        List<Cookie> taken = reserveAllSlots();
        useGuarantee((int) (GUARANTEED - own));
        taken.forEach(Cookie::put);
        pool.flush();
        EngineFacts.requireExact(pool);
    }

    /** Another client uses node slots, for what has no data to arrive, until it is refused; and is promised the last ones. */
    private List<Cookie> preallocateAllSlots() {
        try (BlockSpace other = pool.open("other")) {
            for (long at = FAR; ; at += FAR) {
                Cookie cookie = other.reserve(1, BLOCK);
                other.preallocate(cookie, at, BLOCK);
                cookie.put();
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
        return reserveAllSlots();
    }

    /** Takes from the medium what no force has covered of these blocks of the volume. */
    private void loseUnforced(SimDisk after, long block, int count) {
        SimDevice forced = disk.cut(new SplittableRandom(1), CutKind.NONE).device("data");
        SimDevice data = after.device("data");
        Mapping mapping = new Mapping();
        try (BlockSpace space = pool.open("g")) {
            for (long at = block; at < block + count; at++) {
                space.map(at * BLOCK, BLOCK, mapping);
                byte[] bytes = Transfers.read(forced, mapping.deviceOffsetBytes(), BLOCK, IoRole.DATA);
                Transfers.write(data, mapping.deviceOffsetBytes(), bytes, IoRole.DATA);
            }
        }
        data.force(IoRole.DATA);
    }
}
