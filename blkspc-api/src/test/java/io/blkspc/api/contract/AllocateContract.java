package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What allocate answers (S4) and what it means that a block is staged (S5). */
public interface AllocateContract extends ContractHost {

    @Test
    default void holeAnswersUnwrittenAndReadersSeeZerosUntilCommit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            Mapping mapping = new Mapping();
            assertThat(f.allocate(space, cookie, 0, 2L * BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            assertThat(mapping.offsetBytes()).isZero();
            assertThat(mapping.state().readsZeros()).isTrue();
            assertThat(mapping.sourceDeviceOffsetBytes()).isEqualTo(Mapping.NO_DEVICE_OFFSET);
            assertThat(mapping.deviceOffsetBytes()).isNotNegative();
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertThat(f.map(space, 0, BLOCK).state().readsZeros()).isTrue();
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            f.commit(space, cookie, staged);
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            cookie.put();
        }
    }

    @Test
    default void sharedBlockAnswersCowAndReadersSeeOldBytesUntilCommit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(2, BLOCK));
            assertThat(staged.kind()).isEqualTo(Allocation.COW);
            assertThat(staged.shared()).isTrue();
            assertThat(staged.source()).isEqualTo(f.map(space, 0, BLOCK).deviceOffsetBytes());
            assertThat(staged.device()).isNotEqualTo(staged.source());
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void sourceKeepsItsBytesWhileStaged() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(2, BLOCK));
            f.pool().destroy(List.of("vol@s"), false);
            f.pool().awaitReclaim();
            f.space().flush();
            for (int i = 1; i < 50; i++) {
                f.io().write((long) i * BLOCK, bytes(i, BLOCK));
            }
            byte[] source = new byte[BLOCK];
            f.io().readDevice(staged.source(), source, 0, BLOCK, IoRole.COW_READ);
            assertThat(source).isEqualTo(bytes(1, BLOCK));
            cookie.put();
        }
    }

    @Test
    default void ownedBlockIsWrittenInPlaceOnceDurableWithoutCredit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, 2 * BLOCK));
            space.flush();
            long allocated = f.status().allocatedBytes();
            Cookie cookie = space.reserve(0, BLOCK);
            Staged staged = f.stage(space, cookie, BLOCK, bytes(2, BLOCK));
            assertThat(staged.kind()).isEqualTo(Allocation.IN_PLACE);
            assertThat(f.io().read(BLOCK, BLOCK)).isEqualTo(bytes(2, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(allocated);
            cookie.put();
        }
    }

    @Test
    default void answerIsWholeBlocksInsideWhatWasAsked() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(3L * BLOCK, bytes(1, 2 * BLOCK));
            Cookie cookie = space.reserve(64, BLOCK);
            long at = 0;
            while (at < 16L * BLOCK) {
                Mapping mapping = new Mapping();
                Allocation kind = f.allocate(space, cookie, at, 16L * BLOCK - at, mapping);
                assertThat(kind.isWritable()).isTrue();
                assertThat(mapping.offsetBytes()).isEqualTo(at);
                assertThat(mapping.lengthBytes() % BLOCK).isZero();
                assertThat(mapping.lengthBytes()).isBetween((long) BLOCK, 16L * BLOCK - at);
                assertThat(mapping.deviceOffsetBytes() % BLOCK).isZero();
                at = mapping.endOffsetBytes();
            }
            cookie.put();
        }
    }

    @Test
    default void allocateRefusesWhatIsNotInsideOrNotWholeBlocks() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            Mapping m = new Mapping();
            long size = space.sizeBytes();
            assertCode(Code.OUT_OF_RANGE, () -> f.allocate(space, cookie, size, BLOCK, m));
            assertCode(Code.OUT_OF_RANGE, () -> f.allocate(space, cookie, size - BLOCK, 2L * BLOCK, m));
            assertCode(Code.OUT_OF_RANGE, () -> f.allocate(space, cookie, 1L << 50, BLOCK, m));
            long[][] illegal = {{1, BLOCK}, {0, 1}, {0, 0}, {-BLOCK, BLOCK}, {0, -BLOCK}, {512, 512}};
            for (long[] range : illegal) {
                assertThatThrownBy(() -> f.allocate(space, cookie, range[0], range[1], m))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(cookie.creditsRemaining()).isEqualTo(2);
            assertThat(f.status().allocatedBytes()).isZero();
            cookie.put();
        }
    }

    @Test
    default void sameCookieGetsTheSameStageWithoutCharge() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(5, BLOCK);
            Staged first = f.stage(space, cookie, 0, bytes(1, BLOCK));
            long reserved = f.status().reservedBytes();
            Staged second = f.stage(space, cookie, 0, bytes(2, BLOCK));
            assertThat(second.device()).isEqualTo(first.device());
            assertThat(second.kind()).isEqualTo(first.kind());
            assertThat(cookie.creditsRemaining()).isEqualTo(4);
            assertThat(f.status().reservedBytes()).isEqualTo(reserved);
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
            f.commit(space, cookie, second);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void secondCookieOnAStagedBlockIsBusyAndChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie one = space.reserve(1, BLOCK);
            Cookie two = space.reserve(1, BLOCK);
            f.stage(space, one, 0, bytes(1, BLOCK));
            long reserved = f.status().reservedBytes();
            assertThat(f.allocate(space, two, 0, BLOCK, new Mapping())).isEqualTo(Allocation.BUSY);
            assertThat(two.creditsRemaining()).isEqualTo(1);
            assertThat(f.status().reservedBytes()).isEqualTo(reserved);
            one.put();
            assertThat(f.allocate(space, two, 0, BLOCK, new Mapping())).isEqualTo(Allocation.UNWRITTEN);
            two.put();
        }
    }

    @Test
    default void secondCookieStopsShortBeforeAStagedBlock() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie one = space.reserve(1, BLOCK);
            Cookie two = space.reserve(8, BLOCK);
            f.stage(space, one, 3L * BLOCK, bytes(1, BLOCK));
            for (long at = 0; at < 3L * BLOCK; ) {
                Mapping mapping = new Mapping();
                assertThat(f.allocate(space, two, at, 8L * BLOCK - at, mapping)).isEqualTo(Allocation.UNWRITTEN);
                at = mapping.endOffsetBytes();
                assertThat(at).isLessThanOrEqualTo(3L * BLOCK);
            }
            assertThat(f.allocate(space, two, 3L * BLOCK, BLOCK, new Mapping())).isEqualTo(Allocation.BUSY);
            one.put();
            two.put();
        }
    }

    @Test
    default void awaitUnstagedReturnsAfterCommitOrLastPut() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long patience = TimeUnit.SECONDS.toNanos(60);
            for (boolean commits : new boolean[] {true, false}) {
                Cookie cookie = space.reserve(1, BLOCK);
                long offset = commits ? 0 : 5L * BLOCK;
                Staged staged = f.stage(space, cookie, offset, bytes(1, BLOCK));
                FutureTask<Void> waiting = Fixture.async(() -> {
                    space.awaitUnstaged(offset + 17, patience);
                    return null;
                });
                Fixture.assertWaits(waiting);
                if (commits) {
                    f.commit(space, cookie, staged);
                    Fixture.get(waiting);
                    cookie.put();
                } else {
                    cookie.put();
                    Fixture.get(waiting);
                }
            }
        }
    }

    @Test
    default void awaitUnstagedIsBusyAfterItsTimeout() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertCode(Code.BUSY, () -> space.awaitUnstaged(0, 1_000_000));
            space.awaitUnstaged(BLOCK, 0);
            cookie.put();
        }
    }

    @Test
    default void allocateInsideOneLeaseOfManyBlocksIsOneLease() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(100, BLOCK);
            Mapping mapping = new Mapping();
            try (Lease _ = space.writeLease()) {
                for (int i = 0; i < 100; i++) {
                    assertThat(space.allocate(cookie, 2L * i * BLOCK, BLOCK, mapping))
                            .isEqualTo(Allocation.UNWRITTEN);
                }
            }
            assertThat(f.status().allocatedBytes()).isEqualTo(100L * BLOCK);
            cookie.put();
            assertThat(f.status().allocatedBytes()).isZero();
        }
    }

    @Test
    default void oneHoleIsChargedOnceWhoeverFillsIt() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie one = space.reserve(1, BLOCK);
            Cookie two = space.reserve(1, BLOCK);
            Staged staged = f.stage(space, one, 0, bytes(1, BLOCK));
            assertThat(f.allocate(space, two, 0, BLOCK, new Mapping())).isEqualTo(Allocation.BUSY);
            f.commit(space, one, staged);
            space.flush();
            assertThat(f.stage(space, two, 0, bytes(2, BLOCK)).kind()).isIn(Allocation.IN_PLACE, Allocation.COW);
            one.put();
            two.put();
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }
}
