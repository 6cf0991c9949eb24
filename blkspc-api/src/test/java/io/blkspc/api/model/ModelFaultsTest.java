package io.blkspc.api.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ModelFaultsTest {

    private static final int BLOCK = 4096;

    private final ModelPool pool = ModelPool.create(1 << 20);
    private BlockSpace space;
    private TestIo io;

    @BeforeEach
    void open() {
        pool.create("vol", 1 << 20);
        space = pool.open("vol");
        io = new TestIo(space);
    }

    @AfterEach
    void check() {
        pool.assertConsistent();
    }

    @Test
    void spaceRunsOutAtTheChosenReserve() {
        pool.faults().outOfSpace(1, 2);
        io.write(0, new byte[BLOCK]);
        assertThat(TestIo.codeOf(() -> io.write(0, new byte[BLOCK]))).isEqualTo(Code.OUT_OF_SPACE);
        assertThat(TestIo.codeOf(() -> space.reserve(1, BLOCK))).isEqualTo(Code.OUT_OF_SPACE);
        io.write(0, new byte[BLOCK]);
    }

    @Test
    void failedWriteLeavesTheOldBytesAndGivesTheStageBack() {
        io.write(0, Fixture.bytes(1, BLOCK));
        pool.snapshot(List.of("vol@s"));
        pool.faults().failIo(ModelFaults.Io.WRITE, 0);
        assertThat(TestIo.codeOf(() -> io.write(0, Fixture.bytes(2, BLOCK)))).isEqualTo(Code.IO);
        assertThat(io.read(0, BLOCK)).isEqualTo(Fixture.bytes(1, BLOCK));
        assertThat(pool.status().allocatedBytes()).isEqualTo(BLOCK);
        io.write(0, Fixture.bytes(3, BLOCK));
        assertThat(io.read(0, BLOCK)).isEqualTo(Fixture.bytes(3, BLOCK));
    }

    @Test
    void failedReadIsAimedByRole() {
        io.write(0, Fixture.bytes(1, BLOCK));
        pool.snapshot(List.of("vol@s"));
        pool.faults().failIo(ModelFaults.Io.READ, IoRole.COW_READ, 0);
        io.read(0, BLOCK);
        assertThat(TestIo.codeOf(() -> io.write(1, new byte[1]))).isEqualTo(Code.IO);
        assertThat(io.read(0, BLOCK)).isEqualTo(Fixture.bytes(1, BLOCK));
    }

    @Test
    void failedForceEndsAllWritingButNoReading() {
        io.write(0, Fixture.bytes(1, BLOCK));
        pool.faults().failIo(ModelFaults.Io.FORCE, 0);
        assertThat(TestIo.codeOf(space::flush)).isEqualTo(Code.IO);
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.FAILED);
        assertThat(TestIo.codeOf(space::flush)).isEqualTo(Code.FAILED);
        assertThat(TestIo.codeOf(() -> space.reserve(1, BLOCK))).isEqualTo(Code.FAILED);
        assertThat(TestIo.codeOf(() -> pool.create("x", BLOCK))).isEqualTo(Code.FAILED);
        assertThat(io.read(0, BLOCK)).isEqualTo(Fixture.bytes(1, BLOCK));
        ModelPool again = pool.restart();
        new TestIo(again.open("vol")).write(0, Fixture.bytes(2, BLOCK));
        again.flush();
    }

    @Test
    void busyIsAnsweredWithoutAStage() {
        pool.faults().busyAnswers(1);
        Cookie cookie = space.reserve(1, BLOCK);
        try (Lease _ = space.writeLease()) {
            assertThat(space.allocate(cookie, 0, BLOCK, new Mapping())).isEqualTo(Allocation.BUSY);
        }
        space.awaitUnstaged(0, 0);
        assertThat(cookie.creditsRemaining()).isEqualTo(1);
        cookie.put();
    }

    @Test
    void clientMistakesAreRefused() {
        assertThatThrownBy(() -> space.map(0, 1, new Mapping())).isInstanceOf(IllegalStateException.class);
        Cookie cookie = space.reserve(1, BLOCK);
        assertThatThrownBy(() -> space.allocate(cookie, 0, BLOCK, new Mapping()))
                .isInstanceOf(IllegalStateException.class);
        io.stage(cookie, 0, Fixture.bytes(1, BLOCK));
        assertThatThrownBy(() -> space.commit(cookie, CommitType.UNWRITTEN, Fixture.batch(0, Fixture.bytes(2, BLOCK))))
                .isInstanceOf(IllegalArgumentException.class);
        cookie.put();
        Lease lease = space.readLease();
        lease.close();
        assertThatThrownBy(lease::close).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatNobodyWroteIsNeitherZerosNorData() {
        Cookie cookie = space.reserve(1, BLOCK);
        space.preallocate(cookie, 0, BLOCK);
        Mapping mapping = new Mapping();
        byte[] seen = new byte[BLOCK];
        try (Lease _ = space.readLease()) {
            space.map(0, BLOCK, mapping);
            io.readDevice(mapping.deviceOffsetBytes(), seen, 0, (int) mapping.lengthBytes(), IoRole.DATA);
        }
        assertThat(seen[0]).isEqualTo(ModelDevice.POISON);
        cookie.put();
    }
}
