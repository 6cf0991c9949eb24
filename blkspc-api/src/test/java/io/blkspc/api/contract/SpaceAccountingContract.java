package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.VolumeInfo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The numbers: allocated, exclusive, promised, and that a full pool stays usable (A1, A6). */
public interface SpaceAccountingContract extends ContractHost {

    @Test
    default void newPoolHoldsNothing() {
        try (Fixture f = fixture()) {
            PoolStatus status = f.status();
            assertThat(status.state()).isEqualTo(PoolStatus.State.SERVING);
            assertThat(status.sizeBytes()).isEqualTo(POOL_BYTES);
            assertThat(status.allocatedBytes()).isZero();
            assertThat(status.freeBytes()).isEqualTo(POOL_BYTES);
            assertThat(status.reservedBytes()).isZero();
            assertThat(status.volumes()).isEqualTo(1);
            VolumeInfo info = f.pool().info("vol");
            assertThat(info.mappedBytes()).isZero();
            assertThat(info.exclusiveBytes()).isZero();
            assertThat(info.origin()).isNull();
            assertThat(info.readOnly()).isFalse();
            assertThat(info.attachments()).isZero();
        }
    }

    @Test
    default void stagedBlocksAreAllocatedButNotMapped() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
            assertThat(f.status().reservedBytes()).isEqualTo(BLOCK);
            assertThat(f.status().freeBytes()).isEqualTo(POOL_BYTES - BLOCK);
            assertThat(f.pool().info("vol").mappedBytes()).isZero();
            cookie.put();
        }
    }

    @Test
    default void exclusiveBytesOfACloneAreWhatItWrote() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().clone("vol", List.of("c"));
            assertThat(f.pool().info("c").exclusiveBytes()).isZero();
            assertThat(f.pool().info("vol").exclusiveBytes()).isZero();
            f.io("c").write(0, bytes(2, 3 * BLOCK));
            f.io("c").write(100L * BLOCK, bytes(3, 2 * BLOCK));
            assertThat(f.pool().info("c").exclusiveBytes()).isEqualTo(5L * BLOCK);
            assertThat(f.pool().info("c").mappedBytes()).isEqualTo(12L * BLOCK);
            assertThat(f.status().allocatedBytes()).isEqualTo(15L * BLOCK);
            f.space("c").discard(0, BLOCK);
            assertThat(f.pool().info("c").exclusiveBytes()).isEqualTo(4L * BLOCK);
        }
    }

    @Test
    default void whatOnlyASnapshotHoldsIsToldByAWalkAndNotGuessed() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            assertThat(f.pool().info("vol@s").exclusiveBytes()).isEqualTo(VolumeInfo.NOT_KNOWN);
            assertThat(f.pool().bytesFreedBy(List.of("vol@s"))).isZero();
            f.io().write(0, bytes(2, 3 * BLOCK));
            assertThat(f.pool().list())
                    .filteredOn(VolumeInfo::readOnly)
                    .singleElement()
                    .returns(VolumeInfo.NOT_KNOWN, VolumeInfo::exclusiveBytes);
            assertThat(f.pool().bytesFreedBy(List.of("vol@s"))).isEqualTo(3L * BLOCK);
        }
    }

    @Test
    default void exclusiveBytesCountBlocksThatOnlyTheOtherSideGaveUp() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().clone("vol", List.of("c"));
            f.io().write(0, bytes(2, 3 * BLOCK)); // now only the clone holds the three old blocks
            assertThat(f.pool().info("c").exclusiveBytes()).isEqualTo(3L * BLOCK);
            assertThat(f.pool().info("vol").exclusiveBytes()).isEqualTo(3L * BLOCK);
            long before = f.status().allocatedBytes();
            f.closeSpaces();
            f.pool().destroy(List.of("c"), false);
            f.pool().awaitReclaim();
            assertThat(before - f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
        }
    }

    @Test
    default void blocksThatEveryCloneGaveUpAreFree() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().clone("vol", List.of("c", "d"));
            for (String name : List.of("vol", "c", "d")) {
                f.io(name).write(0, bytes(2, 4 * BLOCK));
                f.space(name).discard(4L * BLOCK, 2L * BLOCK);
            }
            f.pool().awaitReclaim();
            assertThat(f.status().allocatedBytes()).isEqualTo((3 * 4 + 4L) * BLOCK);
        }
    }

    @Test
    default void destroyingAVolumeFreesItsExclusiveBytes() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, 4 * BLOCK));
            f.pool().clone("vol@s", List.of("c"));
            f.io("c").write(5L * BLOCK, bytes(2, 2 * BLOCK));
            f.closeSpaces();
            for (String name : List.of("vol", "c")) {
                long exclusive = f.pool().info(name).exclusiveBytes();
                long before = f.status().allocatedBytes();
                f.pool().destroy(List.of(name), false);
                f.pool().awaitReclaim();
                assertThat(before - f.status().allocatedBytes()).isEqualTo(exclusive);
            }
            assertThat(f.status().allocatedBytes()).isEqualTo(10L * BLOCK);
        }
    }

    @Test
    default void spaceComesBackToWhoStaysWhenSharersGo() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 10 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, BLOCK));
            assertThat(f.pool().info("vol").exclusiveBytes()).isEqualTo(BLOCK);
            f.closeSpaces();
            f.pool().destroy(List.of("vol@s"), false);
            f.pool().awaitReclaim();
            assertThat(f.pool().info("vol").exclusiveBytes()).isEqualTo(10L * BLOCK);
            assertThat(f.status().allocatedBytes()).isEqualTo(10L * BLOCK);
            BlockSpace space = f.space();
            space.flush();
            Cookie cookie = space.reserve(0, BLOCK);
            new TestIo(space).write(cookie, 5L * BLOCK, bytes(3, BLOCK)); // owned again: in place, no credit
            cookie.put();
        }
    }

    @Test
    default void freedSpaceIsUsedAgainAndAgain() {
        try (Fixture f = fixture(256L * BLOCK)) {
            BlockSpace space = f.space();
            TestIo io = f.io();
            for (int round = 0; round < 40; round++) {
                io.write(0, bytes(round, 100 * BLOCK));
                space.discard((round % 5) * 20L * BLOCK, 20L * BLOCK);
            }
            assertThat(f.status().allocatedBytes()).isEqualTo(80L * BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void overwritesGoOnInAFullPool() {
        try (Fixture f = fixture(256L * BLOCK)) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, 8 * BLOCK));
            space.flush();
            List<Cookie> all = f.drain(space);
            assertCode(Code.OUT_OF_SPACE, () -> f.io().write(0, bytes(2, BLOCK)));
            Cookie cookie = space.reserve(0, BLOCK);
            new TestIo(space).write(cookie, 0, bytes(3, 8 * BLOCK));
            cookie.put();
            assertThat(f.io().read(0, 8 * BLOCK)).isEqualTo(bytes(3, 8 * BLOCK));
            all.forEach(Cookie::put);
        }
    }

    @Test
    default void overwriteOfWhatIsNotDurableNeedsNoCreditEither() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            Cookie cookie = space.reserve(0, BLOCK);
            new TestIo(space).write(cookie, 0, bytes(2, BLOCK));
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void fullPoolServesAgainAfterDestroyAndDiscard() {
        try (Fixture f = fixture(256L * BLOCK)) {
            f.pool().create("b", 1 << 20);
            TestIo b = f.io("b");
            int blocks = fill(f, b);
            assertThat(blocks).isGreaterThan(100);
            assertThat(b.read((blocks - 1L) * BLOCK, BLOCK)).isEqualTo(bytes(blocks - 1L, BLOCK));
            f.space("b").discard(0, 16L * BLOCK);
            f.io().write(0, bytes(1, 8 * BLOCK));
            f.closeSpaces();
            f.pool().destroy(List.of("b"), false);
            f.pool().awaitReclaim();
            f.io().write(8L * BLOCK, bytes(2, 100 * BLOCK));
            assertThat(f.io().read(0, 8 * BLOCK)).isEqualTo(bytes(1, 8 * BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(108L * BLOCK);
        }
    }

    /** Writes one block after the other until the pool has no room for one more. */
    private static int fill(Fixture f, TestIo io) {
        int block = 0;
        while (true) {
            long offset = (long) block * BLOCK;
            byte[] data = bytes(block, BLOCK);
            Code code = TestIo.codeOf(() -> io.write(offset, data));
            if (code == Code.OUT_OF_SPACE) {
                assertThat(f.status().state()).isEqualTo(PoolStatus.State.SERVING);
                return block;
            }
            assertThat(code).isNull();
            block++;
        }
    }

    @Test
    default void flushMovesTheDurableSequenceUpToTheNewest() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            long written = f.status().sequence();
            f.space().flush();
            assertThat(f.status().durableSequence()).isGreaterThanOrEqualTo(written);
            f.io().write(BLOCK, bytes(2, BLOCK));
            assertThat(f.status().sequence()).isGreaterThan(written);
            long sequence = f.status().sequence();
            f.pool().flush();
            assertThat(f.status().durableSequence()).isGreaterThanOrEqualTo(sequence);
        }
    }
}
