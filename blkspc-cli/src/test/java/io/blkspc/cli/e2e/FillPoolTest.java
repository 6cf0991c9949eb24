package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A full pool refuses the write that needs space and nothing else; destroying something makes room again. */
@Timeout(120)
class FillPoolTest {

    private static final int PIECE = 1 << 20;
    private static final int KEPT_PIECES = 4;

    @TempDir
    private Path directory;

    @Test
    void onlyWriteThatNeedsSpaceIsRefusedAndDestroyMakesRoom() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "keeper", "-s", "32M");
            pool.command().ok("create", "glutton", "-s", "1G");
            pool.server().start();
            try (NbdConnection keeper = pool.server().connect("keeper")) {
                for (int piece = 0; piece < KEPT_PIECES; piece++) {
                    keeper.write((long) piece * PIECE, bytes('k'), 0);
                }
                int pieces = fill(pool, keeper);
                assertThat(pieces).as("MiB written before the pool was full").isBetween(16, 64);

                pool.command().ok("destroy", "glutton", "--wait");
                keeper.write(8L * PIECE, bytes('n'), 0);
                keeper.flush();
                assertThat(keeper.read(8L * PIECE, PIECE)).isEqualTo(bytes('n'));
            }
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }

    private static int fill(TestPool pool, NbdConnection keeper) throws IOException {
        try (NbdConnection glutton = pool.server().connect("glutton")) {
            int pieces = writeUntilFull(glutton);
            // A single block may still have found room after a large write was refused.
            assertThatThrownBy(() -> {
                        for (int block = 0; block < PIECE / 4096; block++) {
                            glutton.write(
                                    900L * PIECE + block * 4096L, bytes('g').limit(4096), 0);
                        }
                    })
                    .isInstanceOfSatisfying(
                            NbdConnection.Refused.class,
                            refused -> assertThat(refused.errno()).isEqualTo(NbdConnection.ENOSPC));

            assertThat(glutton.read(0, PIECE)).isEqualTo(bytes('g'));
            assertThat(glutton.read((pieces - 1L) * PIECE, PIECE)).isEqualTo(bytes('g'));
            assertThat(glutton.read(1000L * PIECE, PIECE)).isEqualTo(ByteBuffer.allocate(PIECE));
            glutton.write(0, bytes('o'), NbdConnection.FLAG_FUA);
            assertThat(glutton.read(0, PIECE)).isEqualTo(bytes('o'));

            for (int piece = 0; piece < KEPT_PIECES; piece++) {
                assertThat(keeper.read((long) piece * PIECE, PIECE)).isEqualTo(bytes('k'));
                keeper.write((long) piece * PIECE, bytes('K'), 0);
                assertThat(keeper.read((long) piece * PIECE, PIECE)).isEqualTo(bytes('K'));
            }
            keeper.flush();
            return pieces;
        }
    }

    /** Returns how many pieces went in; any other refusal than out of space fails the test. */
    private static int writeUntilFull(NbdConnection glutton) throws IOException {
        for (int piece = 0; piece < 900; piece++) {
            try {
                glutton.write((long) piece * PIECE, bytes('g'), 0);
            } catch (NbdConnection.Refused refused) {
                assertThat(refused.errno()).isEqualTo(NbdConnection.ENOSPC);
                return piece;
            }
        }
        throw new AssertionError("the pool never filled");
    }

    private static ByteBuffer bytes(char of) {
        byte[] bytes = new byte[PIECE];
        Arrays.fill(bytes, (byte) of);
        return ByteBuffer.wrap(bytes);
    }
}
