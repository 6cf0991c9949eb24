package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Quota;
import org.junit.jupiter.api.Test;

/** A pool that is made larger while it is used. */
public interface GrowContract extends ContractHost {

    @Test
    default void grownPoolGrantsWhatItGainedAtOnce() {
        try (Fixture f = fixture(256L * BLOCK)) {
            f.io().write(0, bytes(1, 64 * BLOCK));
            long free = f.status().freeBytes();
            assertCode(Code.OUT_OF_SPACE, () -> f.pool().create("g", 512L * BLOCK, Quota.guarantee(Quota.FULL)));
            assertThat(f.pool().grow(1024L * BLOCK).sizeBytes()).isEqualTo(1024L * BLOCK);
            assertThat(f.status().freeBytes()).isEqualTo(free + 768L * BLOCK);
            f.pool().create("g", 512L * BLOCK, Quota.guarantee(Quota.FULL));
            f.io("g").write(0, bytes(2, 512 * BLOCK));
            f.kill();
            assertThat(f.status().sizeBytes()).isEqualTo(1024L * BLOCK);
            assertThat(f.io().read(0, 64 * BLOCK)).isEqualTo(bytes(1, 64 * BLOCK));
            assertThat(f.io("g").read(0, 512 * BLOCK)).isEqualTo(bytes(2, 512 * BLOCK));
            f.reopen();
            assertThat(f.status().sizeBytes()).isEqualTo(1024L * BLOCK);
        }
    }

    @Test
    default void poolIsNotMadeSmaller() {
        try (Fixture f = fixture(256L * BLOCK)) {
            assertThat(f.pool().grow(256L * BLOCK).sizeBytes()).isEqualTo(256L * BLOCK);
            for (long wrong : new long[] {255L * BLOCK, 0, 256L * BLOCK + 1}) {
                assertThatThrownBy(() -> f.pool().grow(wrong)).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(f.status().sizeBytes()).isEqualTo(256L * BLOCK);
        }
    }
}
