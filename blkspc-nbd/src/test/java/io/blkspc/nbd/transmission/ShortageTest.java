package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.FLUSH;
import static io.blkspc.nbd.testing.NbdTestClient.FUA;
import static io.blkspc.nbd.testing.NbdTestClient.NO_HOLE;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.WrappedPool;
import io.blkspc.nbd.transport.BufferPool;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import io.blkspc.nbd.transport.ReplyMemory;
import io.blkspc.nbd.transport.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A system that has no more threads or memory: requests are served all the same, or their connection ends; nothing is kept. */
@Timeout(60)
class ShortageTest {

    private static final int MIB = 1 << 20;
    private static final int BLOCK = 4096;
    private static final int REQUESTS = 64;
    private static final ThreadFactory THREADS = Thread.ofPlatform().factory();
    private static final ThreadFactory NO_THREADS = NoThread::new;
    private final ModelPool pool = ModelPool.create(64L * MIB);
    private final WrappedPool medium = new WrappedPool(pool);
    private final byte[] data = new byte[MIB];

    @TempDir
    Path directory;

    private SocketChannel client;
    private SocketChannel accepted;

    private static final class NoThread extends Thread {
        NoThread(Runnable body) {
            super(body);
        }

        @Override
        public synchronized void start() {
            throw new OutOfMemoryError("planted");
        }
    }

    @BeforeEach
    void connect() throws IOException {
        pool.create("vol", 8L * MIB);
        new Random(1).nextBytes(data);
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
            listener.bind(address);
            client = SocketChannel.open(address);
            accepted = listener.accept();
        }
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        accepted.close();
        assertThat(pool.info("vol").attachments()).isZero();
        pool.assertConsistent();
    }

    private static ReplyMemory refuse(long bytes) {
        throw new OutOfMemoryError("planted: bytes=" + bytes);
    }

    private long serve(BlockSpace space, Workers workers, BufferPool buffers, NbdLimits limits) throws IOException {
        Negotiated negotiated = new Negotiated(space, ReplyStyle.SIMPLE, 0, List.of(), false);
        try (Arena arena = Arena.ofConfined()) {
            ReceiveBuffer nothing = new ReceiveBuffer(arena, BLOCK);
            Link link = new Link(accepted, "client", 60_000, 60_000);
            return Session.serve(link, negotiated, nothing, limits, workers, buffers);
        }
    }

    @Test
    void withoutThreadsRequestsAreServedOneAfterTheOther() throws Exception {
        everythingIsServed(new Workers(4, REQUESTS, NO_THREADS), new BufferPool(64L * MIB));
    }

    @Test
    void withoutASenderNothingIsLeftToWorkers() throws Exception {
        ThreadFactory noSender = body -> new Thread(body) {
            @Override
            public synchronized void start() {
                if (getName().startsWith("nbd-send-")) {
                    throw new OutOfMemoryError("planted");
                }
                super.start();
            }
        };
        everythingIsServed(new Workers(4, REQUESTS, noSender), new BufferPool(64L * MIB));
    }

    @Test
    void withoutMemoryForRepliesRequestsAreServedOneAfterTheOther() throws Exception {
        everythingIsServed(new Workers(4, REQUESTS, THREADS), new BufferPool(64L * MIB, ShortageTest::refuse));
    }

    /** A batch of which each request would be one for the workers. */
    private void everythingIsServed(Workers workers, BufferPool buffers) throws Exception {
        BlockSpace space = medium.open("vol");
        try (workers;
                ExecutorService server = Executors.newSingleThreadExecutor()) {
            Callable<Long> serving = () -> serve(space, workers, buffers, NbdLimits.DEFAULT);
            Future<Long> requests = server.submit(serving);
            send(RawNbd.request(WRITE, FUA, 1, 0, MIB), ByteBuffer.wrap(data));
            assertThat(replies(1, 0)).containsExactly(1L);
            medium.cold = true;
            for (int i = 0; i < REQUESTS; i += 4) {
                send(RawNbd.request(READ, 0, 10 + i, i * (long) BLOCK, BLOCK));
                send(RawNbd.request(READ, 0, 11 + i, 0, MIB));
                send(RawNbd.request(WRITE_ZEROES, FUA | NO_HOLE, 12 + i, 4 * MIB, MIB));
                send(RawNbd.request(FLUSH, 0, 13 + i, 0, 0));
            }
            assertThat(replies(REQUESTS, 10)).hasSize(REQUESTS);
            send(RawNbd.request(2, 0, 1, 0, 0));
            assertThat(requests.get()).isEqualTo(1 + REQUESTS);
        }
        assertThat(buffers.usedBytes()).isZero();
        assertThat(workers.faults()).isZero();
    }

    private void send(ByteBuffer... all) throws IOException {
        for (ByteBuffer each : all) {
            while (each.hasRemaining()) {
                client.write(each);
            }
        }
    }

    private ByteBuffer read(int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            assertThat(client.read(buffer)).as("the server hung up").isPositive();
        }
        return buffer.flip();
    }

    /** Cookies of simple replies without error; those of reads, from {@code first} on, have their bytes. */
    private Set<Long> replies(int count, long first) throws IOException {
        Set<Long> cookies = new HashSet<>();
        for (int i = 0; i < count; i++) {
            ByteBuffer header = read(16);
            assertThat(header.getInt()).isEqualTo(0x67446698);
            assertThat(header.getInt()).isZero();
            long cookie = header.getLong();
            cookies.add(cookie);
            long kind = first == 0 ? 3 : (cookie - first) % 4;
            if (kind < 2) {
                int offset = kind == 0 ? (int) (cookie - first) * BLOCK : 0;
                byte[] bytes = read(kind == 0 ? BLOCK : MIB).array();
                assertThat(Arrays.equals(bytes, 0, bytes.length, data, offset, offset + bytes.length))
                        .as("cookie=%d", cookie)
                        .isTrue();
            }
        }
        return cookies;
    }

    /** Far more native memory than the bound is asked for in all; what is not given back stays in the process. */
    @Test
    void aConnectionThatCannotBeginKeepsNoMemory() throws Exception {
        NbdLimits large = NbdLimits.DEFAULT.withBuffers(32 * MIB, 32 * MIB);
        try (Workers workers = new Workers(1, 1)) {
            long before = residentBytes();
            for (int i = 0; i < 16; i++) {
                BlockSpace failing = new ForwardingSpace(medium.open("vol")) {
                    @Override
                    public boolean isReadOnly() {
                        throw new OutOfMemoryError("planted");
                    }
                };
                assertThatThrownBy(() -> serve(failing, workers, new BufferPool(MIB), large))
                        .isInstanceOf(OutOfMemoryError.class)
                        .hasMessage("planted");
                assertThat(pool.info("vol").attachments()).isZero();
            }
            assertThat(residentBytes() - before).isLessThan(512L * MIB);
        }
    }

    private static long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow();
    }
}
