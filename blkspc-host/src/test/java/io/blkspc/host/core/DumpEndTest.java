package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.TestIo;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pool that is closed while it is dumped: the dump says so, and nothing of it is left. */
@Timeout(60)
class DumpEndTest {

    private final CountingPool at = new CountingPool(16 << 20);

    private void fill() {
        at.pool.create("a", 4 << 20);
        try (BlockSpace space = at.pool.open("a")) {
            new TestIo(space).write(0, new byte[1 << 20]);
        }
    }

    private CompletableFuture<Throwable> dumpingTo(OutputStream out) {
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                at.pool.dump(out, 1, words -> {});
                ended.complete(null);
            } catch (Throwable failure) {
                ended.complete(failure);
            }
        });
        return ended;
    }

    private static void requireEnded(Throwable failure) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.BUSY))
                .hasMessage("dump was ended: the pool is being closed");
    }

    private void requireNothingLeft() {
        at.open();
        at.pool.awaitReclaim();
        assertThat(at.pool.list()).extracting(info -> info.name()).containsExactly("a");
        assertThat(at.pool.engine().catalogue.versions()).hasSize(1);
        EngineFacts.requireExact(at.pool);
        at.close();
    }

    @Test
    void dumpThatWaitsForItsReaderEndsWithThePool() throws Exception {
        fill();
        Pipe pipe = Pipe.open(); // nobody reads it
        CompletableFuture<Throwable> ended = dumpingTo(Channels.newOutputStream(pipe.sink()));
        assertThat(pipe.source().read(java.nio.ByteBuffer.allocate(1))).isEqualTo(1);
        at.pool.close();
        requireEnded(ended.get());
        requireNothingLeft();
    }

    @Test
    void poolIsNotClosedUnderADumpThatReadsIt() throws Exception {
        fill();
        CountDownLatch hasBegun = new CountDownLatch(1);
        CompletableFuture<Throwable> ended = dumpingTo(new OutputStream() {
            @Override
            public void write(int single) throws IOException {
                throw new IOException("records are written whole");
            }

            @Override
            public void write(byte[] from, int offset, int length) {
                hasBegun.countDown(); // it goes on at once, and reads when the pool is closed or not
            }
        });
        hasBegun.await();
        at.pool.close();
        Throwable failure = ended.get();
        if (failure != null) { // else it was faster
            requireEnded(failure);
        }
        assertThatThrownBy(() -> at.pool.dump(OutputStream.nullOutputStream(), 1, words -> {}))
                .isInstanceOf(BlockSpaceException.class);
        requireNothingLeft();
    }
}
