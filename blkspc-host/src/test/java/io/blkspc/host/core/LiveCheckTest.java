package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.CheckReport.Finding;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A deep check of an open pool compares the data of records that are not durable yet with their checksums. */
class LiveCheckTest {

    private static final int BLOCK = 4096;

    private SimDisk disk;
    private HostPool pool;

    @BeforeEach
    void makePool() {
        InertScheduler inert = new InertScheduler();
        disk = new SimDisk(inert, 1);
        pool = SimPool.create(disk, inert, SimPool.geometry(1 << 20, 300, 64 << 10), 2)
                .open();
        pool.create("v", 256 << 10);
    }

    private void write(long block, int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = pool.open("v")) {
            new TestIo(space).write(block * BLOCK, bytes);
        }
    }

    private List<Finding> deep() {
        return pool.inspect(Long.MAX_VALUE, true, inspection -> SpaceCheck.run(inspection, true))
                .findings();
    }

    /** Changes the one block that is full of this value. */
    private void damage(int value) {
        SimDevice data = disk.device("data");
        byte[] bytes = data.peek(0, (int) data.sizeBytes());
        for (int at = 0; at < bytes.length; at += BLOCK) {
            if (bytes[at] == (byte) value) {
                bytes[at + 100] ^= 1;
                data.poke(0, bytes);
                return;
            }
        }
        throw new AssertionError("no such block: value=" + value);
    }

    @Test
    void dataThatIsNotWhatItsRecordSaysIsFound() {
        for (int i = 1; i <= 20; i++) {
            write(i, i);
        }
        assertThat(deep()).isEmpty();
        damage(7);
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty(); // not asked to look at data
        List<Finding> findings = deep();
        assertThat(findings).hasSize(1);
        assertThat(findings.getFirst().toString())
                .contains("data of a record")
                .contains("offset=")
                .contains("block=7");
        write(30, 30);
        assertThat(deep()).hasSize(1);
    }

    /** What it gave away though somebody holds it, or never got back, is told before it is met. */
    @Test
    void accountsThatAreNotWhatIsHeldAreFound() {
        write(1, 1);
        for (Resource resource : List.of(Resource.DATA_BLOCKS, Resource.NODE_SLOTS)) {
            for (int wrong : new int[] {1, -1}) {
                pool.engine().ledger.use(resource, wrong);
                List<Finding> findings = pool.inspect(SpaceCheck::run).findings();
                assertThat(findings).hasSize(1);
                assertThat(findings.getFirst().toString()).contains("accounts", "counted=", "held=");
                pool.engine().ledger.use(resource, -wrong);
            }
        }
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
    }

    /** Stages are nobody's yet, and records that come while it looks are not for it. */
    @Test
    void clientsGoOnWhileAccountsAreCompared() {
        for (int i = 1; i <= 20; i++) {
            write(i, i);
        }
        pool.snapshot(List.of("v@s"));
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(8, BLOCK);
            List<TestIo.Staged> staged = new TestIo(space).stageAll(cookie, 4 * BLOCK, new byte[4 * BLOCK]);
            assertThat(pool.inspect(inspection -> {
                                write(40, 40);
                                pool.create("w", 64 << 10);
                                return SpaceCheck.run(inspection);
                            })
                            .findings())
                    .isEmpty();
            staged.forEach(each -> new TestIo(space).commit(cookie, each));
            cookie.put();
        }
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
    }

    /** Only the metadata is looked at while checkpoints wait; the data of that moment is read beside everything. */
    @Test
    void dataIsReadWhileClientsAndCheckpointsGoOn() {
        for (int i = 1; i <= 20; i++) {
            write(i, i);
        }
        SpaceCheck check = pool.inspect(Long.MAX_VALUE, true, SpaceCheck::ofMetadata);
        long held = pool.engine().ledger.used(Resource.DATA_BLOCKS);
        long before = pool.engine().persistence.durableMark();
        CheckReport report = check.withData(() -> {
            write(40, 40);
            pool.checkpoint();
        });
        assertThat(report.findings()).isEmpty();
        assertThat(report.readBlocks()).isEqualTo(held);
        assertThat(pool.engine().persistence.durableMark()).isGreaterThan(before);
    }

    @Test
    void aLookThatWouldTakeTooMuchMemoryIsRefusedAndNothingElseIs() {
        write(1, 1);
        pool.checkpoint(); // or there are no images yet
        assertThatThrownBy(() -> pool.inspect(1_000, false, SpaceCheck::ofMetadata))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.LIMIT));
        write(2, 2);
        pool.checkpoint();
        assertThat(pool.inspect(1 << 20, false, SpaceCheck::ofMetadata).report().findings())
                .isEmpty();
    }

    /** A stop does not wait for who looks at a large pool. */
    @Test
    void whoLooksAtAPoolThatIsBeingClosedEnds() {
        write(1, 1);
        assertThatThrownBy(() -> pool.inspect(inspection -> {
                    pool.hurry();
                    return SpaceCheck.run(inspection);
                }))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.BUSY));
        assertThatThrownBy(() -> pool.bytesFreedBy(List.of("v")))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.BUSY));
        pool.close();
    }

    /** The reaper takes a destroyed volume away before its last client has put what it staged. */
    @Test
    void whatIsStagedInAVolumeThatIsGoneIsNeitherCountedNorLostInACleanStop() {
        BlockSpace space = pool.open("v");
        Cookie cookie = space.reserve(8, BLOCK);
        new TestIo(space).stageAll(cookie, 4 * BLOCK, new byte[4 * BLOCK]);
        pool.destroy(List.of("v"), true);
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
        pool.awaitReclaim();
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
        pool.close();
        SimPool stopped = SimPool.on(disk.killImage(), new InertScheduler(), 3);
        assertThat(SpaceCheck.run(stopped.inspect()).findings()).isEmpty();
        HostPool again = stopped.open();
        assertThat(again.engine().ledger.used(Resource.DATA_BLOCKS)).isZero();
        again.close();
    }

    @Test
    void whatWasPutAfterItsVolumeWentIsFree() {
        BlockSpace space = pool.open("v");
        Cookie cookie = space.reserve(8, BLOCK);
        new TestIo(space).stageAll(cookie, 4 * BLOCK, new byte[4 * BLOCK]);
        pool.destroy(List.of("v"), true);
        pool.awaitReclaim();
        cookie.put();
        assertThat(pool.engine().heads()).isEmpty();
        assertThat(pool.engine().ledger.used(Resource.DATA_BLOCKS)).isZero();
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
    }

    /** The ring is read while clients append to it: of what came after the moment of the check any part may be seen. */
    @Test
    void whatWasAppendedAfterTheMomentOfACheckIsNoDamageOfTheJournal() {
        write(1, 1);
        Accounts before = Accounts.of(pool.engine());
        long position = pool.engine().journal.positionAfter(before.sequence());
        for (int i = 2; i < 6; i++) {
            write(i, i);
            pool.engine().persistence.persist();
        }
        Accounts after = Accounts.of(pool.engine());
        disk.device("journal").poke(position, new byte[512]);
        SimPool looked = SimPool.on(disk, new InertScheduler(), 3);
        assertThat(SpaceCheck.run(looked.inspectLive(before)).findings()).isEmpty();
        assertThat(SpaceCheck.run(looked.inspectLive(after)).findings().toString())
                .contains("journal");
    }

    @Test
    void dataThatMayBeOverwrittenIsNotCompared() {
        for (int i = 1; i <= 20; i++) {
            write(i, i);
        }
        pool.flush();
        for (int i = 1; i <= 20; i++) {
            write(i, 100 + i); // in place: no record
        }
        write(21, 21);
        assertThat(deep()).isEmpty();
        pool.checkpoint();
        assertThat(deep()).isEmpty();
    }
}
