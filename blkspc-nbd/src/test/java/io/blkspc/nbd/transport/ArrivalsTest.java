package io.blkspc.nbd.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrivalsTest {

    private static final long LOOK_NANOS = 1_000;

    private final Arrivals.Turn turn = new Arrivals.Turn();
    private long now = System.nanoTime() + 1;
    private long arrivesAt;
    private int looks;
    private Runnable onLook = () -> {};

    private final Arrivals arrivals = new Arrivals(this::look, () -> now, turn);

    private int look() {
        looks++;
        onLook.run();
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
        assertThat(turn.tryTake(now)).isTrue();
        assertThat(receiveAfter(1_000)).isZero();
        turn.giveBack();
        assertThat(receiveAfter(1_000)).as("nobody does after two would").isZero();
        now += 2_000_000;
        assertThat(receiveAfter(1_000)).isEqualTo(1);
        assertThat(turn.tryTake(now)).isTrue();
        turn.giveBack();
    }

    @Test
    void endsWhenAnotherOneWouldToo() {
        receiveAfter(1_000);
        receiveAfter(9_000);
        Arrivals other = new Arrivals(() -> 0, () -> now, turn);
        other.await();
        other.received();
        onLook = other::await;
        assertThat(receiveAfter(9_000)).isOne();
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
