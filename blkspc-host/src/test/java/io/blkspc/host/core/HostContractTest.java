package io.blkspc.host.core;

import static io.blkspc.api.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.BlockSpaceContractTest;
import io.blkspc.api.contract.Fixture;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/**
 * The contract of the API on the real engine. What is overridden here is stated in the engine's own terms: a block is written in
 * place once a durable <em>mark</em> covers it, which a background round brings about and a flush alone does not; without
 * credit it answers NO_CREDIT before that, unless no credit could be had.
 */
class HostContractTest extends BlockSpaceContractTest implements MemoryHost {

    private static void settle(Fixture f) {
        ((HostPool) f.pool()).backgroundRound();
    }

    @Override
    @Test
    public void ownedBlockIsWrittenInPlaceOnceDurableWithoutCredit() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, Fixture.bytes(1, 2 * BLOCK_BYTES));
            Cookie cookie = space.reserve(0, BLOCK_BYTES);
            assertThat(allocate(space, cookie)).isEqualTo(Allocation.NO_CREDIT);
            settle(f);
            assertThat(allocate(space, cookie)).isEqualTo(Allocation.IN_PLACE);
            cookie.put();
        }
    }

    private static Allocation allocate(BlockSpace space, Cookie cookie) {
        try (Lease _ = space.writeLease()) {
            return space.allocate(cookie, 0, BLOCK_BYTES, new Mapping());
        }
    }

    @Override
    @Test
    public void overwriteOfWhatIsNotDurableNeedsNoCreditEither() {
        try (Fixture f = fixture(256L * BLOCK_BYTES)) {
            BlockSpace space = f.space();
            f.io().write(0, Fixture.bytes(1, BLOCK_BYTES));
            List<Cookie> all = f.drain(space);
            Cookie cookie = space.reserve(0, BLOCK_BYTES);
            assertThat(allocate(space, cookie)).isEqualTo(Allocation.IN_PLACE);
            cookie.put();
            all.forEach(Cookie::put);
        }
    }

    @Override
    @Test
    public void writeInPlaceUnderALeaseIsInTheSnapshotOrNotAtAll() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, Fixture.bytes(1, BLOCK_BYTES));
            settle(f);
            Cookie cookie = space.reserve(0, BLOCK_BYTES);
            Mapping mapping = new Mapping();
            FutureTask<Object> snapshot;
            try (Lease _ = space.writeLease()) {
                assertThat(space.allocate(cookie, 0, BLOCK_BYTES, mapping)).isEqualTo(Allocation.IN_PLACE);
                snapshot = Fixture.async(() -> f.pool().snapshot(List.of("vol@s")));
                f.io().writeDevice(mapping.deviceOffsetBytes(), Fixture.bytes(2, BLOCK_BYTES));
                assertThat(snapshot.isDone()).isFalse(); // it waits for the lease
            }
            Fixture.get(snapshot);
            cookie.put();
            assertThat(f.io("vol@s").read(0, BLOCK_BYTES)).isEqualTo(Fixture.bytes(2, BLOCK_BYTES));
        }
    }
}
