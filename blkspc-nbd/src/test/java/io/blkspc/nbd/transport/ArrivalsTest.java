package io.blkspc.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrivalsTest {

    private static final long LOOK_NANOS = 1_000;

    private final Semaphore poller = new Semaphore(1);
    private long now;
    private long arrivesAt;
    private int looks;

    private final Arrivals arrivals = new Arrivals(this::look, () -> now, poller);

    private int look() {
        looks++;
        now += LOOK_NANOS;
        return now >= arrivesAt ? 16 : 0;
    }

    /** One receive: the client sends {@code nanos} after it was asked for. Returns how often the socket was looked at. */
    private int receiveAfter(long nanos) {
        looks = 0;
        arrivesAt = now + nanos;
        arrivals.await();
        now = Math.max(now, arrivesAt); // the blocking receive
        arrivals.received();
        return looks;
    }

    @Test
    void pollsForAClientInStepAndStopsAtOnceForAnIdleOne() {
        assertThat(receiveAfter(5_000)).isZero();
        assertThat(receiveAfter(5_000)).isEqualTo(5);
        assertThat(receiveAfter(30_000)).isBetween(15, 30);
        assertThat(receiveAfter(49_000)).isPositive();
        assertThat(arrivals.windowNanos()).isEqualTo(Arrivals.MAX_WINDOW_NANOS);
        assertThat(receiveAfter(1_000_000_000)).isLessThanOrEqualTo(50);
        assertThat(arrivals.windowNanos()).isZero();
        assertThat(receiveAfter(1_000_000_000)).isZero();
    }

    @Test
    void onePollsAtATime() {
        receiveAfter(1_000);
        assertThat(poller.tryAcquire()).isTrue();
        assertThat(receiveAfter(1_000)).isZero();
        poller.release();
        assertThat(receiveAfter(1_000)).isEqualTo(1);
        assertThat(poller.availablePermits()).isOne();
    }

    @Test
    void aSocketSaysWhatWaits(@TempDir Path directory) throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            try (SocketChannel client = SocketChannel.open(address);
                    SocketChannel accepted = server.accept()) {
                SocketQueue queue = SocketQueue.of(accepted);
                assertThat(queue).as("the module is open to these tests").isNotNull();
                assertThat(queue.getAsInt()).isZero();
                client.write(ByteBuffer.allocate(28));
                assertThat(queue.getAsInt()).isEqualTo(28);
                accepted.read(ByteBuffer.allocate(8));
                assertThat(queue.getAsInt()).isEqualTo(20);
            }
        }
    }
}
