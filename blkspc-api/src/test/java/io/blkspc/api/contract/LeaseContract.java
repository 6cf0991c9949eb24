package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What a lease holds back, and that it ends (S8). */
public interface LeaseContract extends ContractHost {

    @Test
    default void freezeWaitsForWriteLeases() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            space.flush();
            Lease lease = space.writeLease();
            FutureTask<List<VolumeInfo>> snapshot = Fixture.async(() -> f.pool().snapshot(List.of("vol@s")));
            Fixture.assertWaits(snapshot);
            lease.close();
            Fixture.get(snapshot);
        }
    }

    @Test
    default void newWriteLeaseWaitsBehindAFreezeAndReadersDoNot() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Lease first = space.writeLease();
            FutureTask<List<VolumeInfo>> snapshot = Fixture.async(() -> f.pool().snapshot(List.of("vol@s")));
            Fixture.assertWaits(snapshot);
            FutureTask<Lease> second = waitingWriteLease(space);
            space.readLease().close();
            f.io().read(0, BLOCK);
            first.close();
            Fixture.get(snapshot);
            Fixture.get(second).close();
        }
    }

    /** A write lease that has to wait: the freeze may need a moment to raise its gate. */
    private static FutureTask<Lease> waitingWriteLease(BlockSpace space) {
        for (int attempt = 0; attempt < 1000; attempt++) {
            FutureTask<Lease> lease = Fixture.async(space::writeLease);
            try {
                lease.get(20, TimeUnit.MILLISECONDS).close();
            } catch (TimeoutException e) {
                return lease;
            } catch (InterruptedException | ExecutionException e) {
                throw new AssertionError(e);
            }
        }
        throw new AssertionError("write leases are given out while a freeze waits");
    }

    @Test
    default void twoFreezesIntoOneNameMakeOneSnapshot() {
        try (Fixture f = fixture()) {
            Lease lease = f.space().writeLease();
            List<FutureTask<Code>> freezes = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                freezes.add(Fixture.async(() -> TestIo.codeOf(() -> f.pool().snapshot(List.of("vol@s")))));
            }
            freezes.forEach(Fixture::assertWaits);
            lease.close();
            assertThat(freezes.stream().map(Fixture::get)).containsExactlyInAnyOrder(null, Code.EXISTS);
            assertThat(f.status().snapshots()).isEqualTo(1);
        }
    }

    @Test
    default void writeInPlaceUnderALeaseIsInTheSnapshotOrNotAtAll() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            space.flush();
            Cookie cookie = space.reserve(0, BLOCK);
            Mapping mapping = new Mapping();
            FutureTask<List<VolumeInfo>> snapshot;
            try (Lease _ = space.writeLease()) {
                assertThat(space.allocate(cookie, 0, BLOCK, mapping)).isEqualTo(Allocation.IN_PLACE);
                snapshot = Fixture.async(() -> f.pool().snapshot(List.of("vol@s")));
                Fixture.assertWaits(snapshot);
                new TestIo(space).writeDevice(mapping.deviceOffsetBytes(), bytes(2, BLOCK));
            }
            Fixture.get(snapshot);
            cookie.put();
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
            f.io().write(0, bytes(3, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(2, BLOCK));
        }
    }

    @Test
    default void readLeaseHoldsUpNoFreeze() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, BLOCK));
            BlockSpace space = f.space();
            try (Lease _ = space.readLease()) {
                f.pool().snapshot(List.of("vol@s"));
                f.pool().clone("vol", List.of("c"));
                space.readLease().close();
            }
            assertThat(f.io("c").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }

    @Test
    default void blocksNamedUnderAReadLeaseAreNotReused() {
        try (Fixture f = fixture(256L * BLOCK)) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            space.flush();
            Mapping mapping = new Mapping();
            Lease lease = space.readLease();
            space.map(0, BLOCK, mapping);
            assertThat(mapping.state()).isEqualTo(MappingState.WRITTEN);
            space.discard(0, BLOCK);
            space.flush();
            f.pool().create("big", 256L * BLOCK);
            BlockSpace big = f.space("big");
            List<Cookie> all = f.drain(big);
            long block = fillUntilBusy(f, big, all);
            byte[] seen = new byte[BLOCK];
            new TestIo(space).readDevice(mapping.deviceOffsetBytes(), seen, 0, BLOCK, IoRole.DATA);
            assertThat(seen).isEqualTo(bytes(1, BLOCK));
            lease.close();
            // What the lease held back is there now: every credit that was promised is good.
            for (Cookie cookie : all) {
                while (cookie.creditsRemaining() > 0) {
                    Staged staged = f.stage(big, cookie, block * BLOCK, bytes(block, BLOCK));
                    f.commit(big, cookie, staged);
                    block++;
                }
                cookie.put();
            }
            assertThat(big.sizeBytes()).isGreaterThanOrEqualTo(block * BLOCK);
        }
    }

    /** Writes one block for each credit until an allocation must wait; returns the first block not written. */
    private static long fillUntilBusy(Fixture f, BlockSpace big, List<Cookie> cookies) {
        long block = 0;
        for (Cookie cookie : cookies) {
            while (cookie.creditsRemaining() > 0) {
                if (f.allocate(big, cookie, block * BLOCK, BLOCK, new Mapping()) == Allocation.BUSY) {
                    return block;
                }
                f.commit(big, cookie, f.stage(big, cookie, block * BLOCK, bytes(block, BLOCK)));
                block++;
            }
        }
        return block;
    }

    @Test
    default void leasesAreForAnyNumberOfThreads() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            List<FutureTask<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int mine = i;
                tasks.add(Fixture.async(() -> {
                    TestIo io = new TestIo(space);
                    for (int round = 0; round < 50; round++) {
                        io.write((long) mine * 10 * BLOCK, bytes(round, 3 * BLOCK));
                        assertThat(io.read((long) mine * 10 * BLOCK, 3 * BLOCK)).isEqualTo(bytes(round, 3 * BLOCK));
                    }
                    return mine;
                }));
            }
            for (int i = 0; i < 5; i++) {
                f.pool().snapshot(List.of("vol@s" + i));
            }
            tasks.forEach(Fixture::get);
            FutureTask<List<VolumeInfo>> last = Fixture.async(() -> f.pool().snapshot(List.of("vol@last")));
            Fixture.get(last);
        }
    }

    @Test
    default void writersOfTheSameBlocksTakeTurns() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            List<FutureTask<Integer>> tasks = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int mine = i;
                tasks.add(Fixture.async(() -> {
                    TestIo io = new TestIo(space);
                    for (int round = 0; round < 30; round++) {
                        io.write(BLOCK * (long) (round % 3), bytes(mine, 3 * BLOCK));
                    }
                    return mine;
                }));
            }
            tasks.forEach(Fixture::get);
            assertThat(f.status().allocatedBytes()).isEqualTo(5L * BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    /** Takes the contract's 5 seconds where patience is real; all waits run at once. */
    @Test
    default void whatDoesNotGetItsTurnIsBusyAndChangesNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            f.pool().create("b", 1 << 20);
            BlockSpace b = f.space("b");
            Cookie cookie = b.reserve(2, BLOCK);
            f.stage(b, cookie, 0, bytes(1, BLOCK));
            Lease lease = space.writeLease();
            List<FutureTask<Code>> busy = List.of(
                    Fixture.async(() -> TestIo.codeOf(() -> f.pool().snapshot(List.of("vol@s")))),
                    Fixture.async(() -> TestIo.codeOf(() -> b.discard(0, BLOCK))),
                    Fixture.async(() -> TestIo.codeOf(() -> b.zero(0, 2L * BLOCK, true))));
            for (FutureTask<Code> task : busy) {
                assertThat(Fixture.get(task)).isEqualTo(Code.BUSY);
            }
            lease.close();
            cookie.put();
            assertThat(f.pool().list()).extracting(VolumeInfo::name).containsExactly("b", "vol");
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(2, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
        }
    }
}
