package io.blkspc.cli.demo;

import io.blkspc.cli.image.NbdClient;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * A user that goes on working while the volume is cloned, and when the server is killed: writes one block after the other,
 * each with its number, each only after the reply to the one before. So what a clone holds must be exactly the first so
 * many, and what a killed server leaves must be at least all that were replied to.
 */
final class Appender {

    private static final long PAUSE_NANOS = 200_000;

    private final Path socket;
    private final String volume;
    private final long areaStart;
    private final int areaBlocks;

    /** Writes begun, and writes replied to; the second lags the first by at most one. */
    private volatile int sent;

    private volatile int replied;
    private volatile boolean isAskedToStop;
    private volatile RuntimeException failure;
    private Thread thread;

    Appender(Path socket, String volume, long areaStart, int areaBlocks) {
        this.socket = socket;
        this.volume = volume;
        this.areaStart = areaStart;
        this.areaBlocks = areaBlocks;
    }

    void start() {
        isAskedToStop = false;
        failure = null;
        thread = Thread.ofPlatform().daemon().name("demo-appender").start(this::append);
    }

    private void append() {
        try (NbdClient client = NbdClient.connect(socket, volume);
                Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Blocks.BYTES, Blocks.BYTES);
            while (!isAskedToStop && replied < areaBlocks) {
                int number = replied + 1;
                fill(block, number);
                sent = number;
                client.write(offsetOf(number), Blocks.BYTES, block, 0);
                replied = number;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (CommandFailure stopped) {
            failure = stopped;
        }
    }

    /** Ends after the write that is under way. */
    void stop() {
        isAskedToStop = true;
        join();
        if (failure != null) {
            throw failure;
        }
    }

    /** Waits for the end that a killed server brings. */
    void join() {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", interrupted);
        }
    }

    void awaitReplied(int count) {
        while (replied < count && thread.isAlive()) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        if (replied < count) {
            throw failure != null ? failure : new CommandFailure(ExitCode.FAILED, "the writer ended early");
        }
    }

    int sent() {
        return sent;
    }

    int replied() {
        return replied;
    }

    /**
     * Counts what a volume holds of the writes.
     *
     * @return how many of the first writes are there, with nothing after them
     * @throws CommandFailure when something else is there
     */
    int count(NbdClient client, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate((long) areaBlocks * Blocks.BYTES, Blocks.BYTES);
            client.read(areaStart, area.byteSize(), area, 0);
            MemorySegment expected = arena.allocate(Blocks.BYTES, Blocks.BYTES);
            int count = 0;
            for (int number = 1; number <= areaBlocks; number++) {
                long start = (long) (number - 1) * Blocks.BYTES;
                fill(expected, number);
                boolean isThere =
                        MemorySegment.mismatch(expected, 0, Blocks.BYTES, area, start, start + Blocks.BYTES) < 0;
                fill(expected, 0);
                boolean isEmpty =
                        MemorySegment.mismatch(expected, 0, Blocks.BYTES, area, start, start + Blocks.BYTES) < 0;
                if (isThere && count == number - 1) {
                    count = number;
                } else if (!isEmpty) {
                    throw new CommandFailure(
                            ExitCode.FAILED,
                            "WRONG DATA: volume=" + name + ", offset=" + offsetOf(number) + ", write=" + number
                                    + ", writes_before=" + count);
                }
            }
            return count;
        }
    }

    private long offsetOf(int number) {
        return areaStart + (long) (number - 1) * Blocks.BYTES;
    }

    private static void fill(MemorySegment block, int number) {
        for (long at = 0; at < Blocks.BYTES; at += Long.BYTES) {
            block.set(ValueLayout.JAVA_LONG, at, number * 0x9E3779B97F4A7C15L);
        }
    }
}
