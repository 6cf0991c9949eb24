package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/**
 * Random requests on one connection, sixteen in flight, each told to the oracle of the volume. Half of them go where
 * something was written a moment ago: overwriting a block whose first write is not yet durable is where a
 * copy-on-write store can lose data. Reads in between are judged on the spot.
 */
final class Load implements AutoCloseable {

    private static final int DEPTH = 16;
    private static final int RECENT = 32;
    private static final int MAX_SECTORS = 512;
    private static final int SECTORS_OF_A_BLOCK = 8;

    private final NbdConnection connection;
    private final VolumeOracle oracle;
    private final History history;
    private final Random random;
    private final Semaphore slots = new Semaphore(DEPTH);
    private final int[] recent = new int[RECENT];
    private final ConcurrentLinkedQueue<Finding> findings = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<NbdConnection.Refused> refusals = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean stopped;
    private volatile boolean isServerGone;
    private volatile Throwable failure;
    private int recentCount;

    private Load(NbdConnection connection, History history, VolumeOracle oracle, long seed) {
        this.connection = connection;
        this.history = history;
        this.oracle = oracle;
        random = new Random(seed);
        thread = Thread.ofPlatform().daemon().name("e2e-load-" + oracle.name()).start(this::run);
    }

    /** Starts at once and goes on until {@link #stop} or until the server is gone. Takes over the connection. */
    static Load start(NbdConnection connection, History history, VolumeOracle oracle, long seed) {
        return new Load(connection, history, oracle, seed);
    }

    /** Ends it and waits for every reply that still comes; fails the test on any wrong read or refused request. */
    void stop() throws IOException {
        stopped = true;
        end();
        if (isServerGone) {
            throw new AssertionError("the server closed the connection: volume=" + oracle.name());
        }
    }

    /** To be called after the server was killed and before its restart; judges as {@link #stop}. */
    void awaitServerDeath() throws IOException {
        stopped = true;
        connection.awaitEnd();
        end();
    }

    private void end() throws IOException {
        Await.until("the load on " + oracle.name() + " to end", Exec.LIMIT, () -> !thread.isAlive());
        connection.close();
        if (failure != null) {
            throw new AssertionError("load failed: volume=" + oracle.name(), failure);
        }
        if (!findings.isEmpty()) {
            throw new AssertionError("reads under load were wrong: count=" + findings.size() + ", "
                    + findings.stream().limit(20).toList());
        }
        if (!refusals.isEmpty()) {
            throw new AssertionError("requests were refused: volume=" + oracle.name(), refusals.peek());
        }
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        connection.close();
    }

    private void run() {
        try {
            while (!stopped) {
                slots.acquire();
                one();
            }
            slots.acquire(DEPTH);
        } catch (IOException gone) {
            isServerGone = true;
        } catch (InterruptedException | RuntimeException | Error broken) {
            failure = broken;
        }
    }

    private void one() throws IOException {
        int dice = random.nextInt(100);
        int count = sectorCount();
        int first = firstSector(count);
        if (dice < 15) {
            read(first, count);
        } else if (dice < 18 && connection.can(NbdConnection.CAN_FLUSH)) {
            long begin = history.now();
            CompletableFuture<ByteBuffer> reply = connection.submit(NbdConnection.FLUSH, 0, 0, 0, null);
            track(reply, () -> history.persisted(oracle, begin), () -> {});
        } else if (dice < 22 && connection.can(NbdConnection.CAN_TRIM)) {
            change(History.Change.TRIM, NbdConnection.TRIM, fua(), first, count);
        } else if (dice < 27 && connection.can(NbdConnection.CAN_WRITE_ZEROES)) {
            int hole = random.nextBoolean() ? NbdConnection.FLAG_NO_HOLE : 0;
            change(History.Change.ZERO, NbdConnection.WRITE_ZEROES, fua() | hole, first, count);
        } else {
            change(History.Change.WRITE, NbdConnection.WRITE, fua(), first, count);
            recent[recentCount++ % RECENT] = first;
        }
    }

    private int fua() {
        return random.nextInt(10) == 0 && connection.can(NbdConnection.CAN_FUA) ? NbdConnection.FLAG_FUA : 0;
    }

    /** Mostly up to one block, so that many share one; sometimes up to 256 KiB. */
    private int sectorCount() {
        int dice = random.nextInt(100);
        if (dice < 25) {
            return SECTORS_OF_A_BLOCK;
        }
        return 1 + random.nextInt(dice < 60 ? SECTORS_OF_A_BLOCK : dice < 92 ? 96 : MAX_SECTORS);
    }

    private int firstSector(int count) {
        int last = oracle.sectorCount() - count;
        int dice = random.nextInt(100);
        int first;
        if (dice < 50 && recentCount > 0) {
            first = recent[random.nextInt(Math.min(recentCount, RECENT))] + random.nextInt(-8, 9);
        } else if (dice < 65) {
            first = random.nextInt(2048);
        } else {
            first = random.nextInt(last + 1);
        }
        boolean aligned = random.nextInt(3) == 0;
        return Math.clamp(aligned ? first & -SECTORS_OF_A_BLOCK : first, 0, last);
    }

    private void read(int first, int count) throws IOException {
        VolumeOracle.ReadStart start = oracle.beginRead(first, count);
        CompletableFuture<ByteBuffer> reply =
                connection.submit(NbdConnection.READ, 0, (long) first * Sector.BYTES, count * Sector.BYTES, null);
        track(reply, () -> findings.addAll(oracle.judge(start, reply.join())), () -> {});
    }

    private void change(History.Change change, int command, int flags, int first, int count) throws IOException {
        boolean isFua = (flags & NbdConnection.FLAG_FUA) != 0;
        History.Operation operation = history.begin(change, oracle, first, count, isFua);
        ByteBuffer payload = change == History.Change.WRITE ? payload(operation) : null;
        CompletableFuture<ByteBuffer> reply =
                connection.submit(command, flags, (long) first * Sector.BYTES, count * Sector.BYTES, payload);
        track(reply, () -> history.replied(operation), () -> history.refused(operation));
    }

    /** Sectors that name this operation. */
    static ByteBuffer payload(History.Operation operation) {
        ByteBuffer payload = ByteBuffer.allocate(operation.sectorCount() * Sector.BYTES);
        for (int i = 0; i < operation.sectorCount(); i++) {
            long lba = (long) operation.firstSector() + i;
            Sector.encode(payload, i * Sector.BYTES, operation.oracle().number(), lba, operation.seq());
        }
        return payload;
    }

    /**
     * Runs the one action on success, the other on an error reply, none when the connection ended first. A server that
     * is told to stop may say so.
     */
    private void track(CompletableFuture<ByteBuffer> reply, Runnable success, Runnable refusal) {
        var _ = reply.whenComplete((data, error) -> {
            try {
                if (error == null) {
                    success.run();
                } else if (error instanceof NbdConnection.Refused refused) {
                    refusal.run();
                    if (refused.errno() != NbdConnection.ESHUTDOWN) {
                        refusals.add(refused);
                    }
                }
            } catch (RuntimeException | Error broken) {
                failure = broken;
            } finally {
                slots.release();
            }
        });
    }
}
