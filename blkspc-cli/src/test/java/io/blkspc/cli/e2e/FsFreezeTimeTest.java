package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long programs wait while the file system they write to is frozen for a snapshot, as they see it: the longest system call
 * that meets the snapshot, beside the longest one of as long a time without. Prints what it measured and judges only what must
 * hold.
 */
@Timeout(600)
@EnabledIfSystemProperty(
        named = "blkspc.release",
        matches = "true",
        disabledReason = "a measurement; run with -Dblkspc.release=true")
class FsFreezeTimeTest {

    private static final int SNAPSHOTS = 100;
    private static final int WRITERS = 2;
    private static final int FILES = 128;
    private static final int PIECES = 16;
    private static final int PIECE_BYTES = 4096;
    private static final long PAUSE_MILLIS = 300;
    private static final long THINK_MICROS = 50;

    @TempDir
    private Path directory;

    /** From and to by the clock for intervals. */
    private record Call(long from, long to) {

        long nanos() {
            return to - from;
        }

        boolean meets(Call other) {
            return from < other.to && to > other.from;
        }
    }

    @Test
    void programsWaitForASnapshotAsLongAsIsPrintedAndEachIsClean() throws Exception {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "4G", "1G")) {
            AtomicBoolean isOver = new AtomicBoolean();
            List<List<Call>> calls = new ArrayList<>();
            List<FutureTask<Void>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                Path own = Files.createDirectory(files.at("v").resolve("w" + i));
                List<Call> mine = new ArrayList<>(); // of one thread until that is joined
                calls.add(mine);
                FutureTask<Void> writer = new FutureTask<>(() -> write(own, isOver, mine), null);
                writers.add(writer);
                Thread.ofPlatform().start(writer);
            }
            List<Call> snapshots = new ArrayList<>();
            List<Call> others = new ArrayList<>();
            long shortest = TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS);
            for (int i = 0; i < SNAPSHOTS; i++) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                long from = System.nanoTime();
                files.request("snapshot", Map.of("names", List.of("v@s" + i)));
                snapshots.add(new Call(from, System.nanoTime()));
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                long now = System.nanoTime();
                others.add(new Call(now - Math.min(snapshots.getLast().nanos(), shortest), now));
            }
            isOver.set(true);
            for (FutureTask<Void> writer : writers) {
                writer.get(); // fails where one of its writes did
            }
            assertThat(calls).allMatch(each -> each.size() > SNAPSHOTS);
            System.out.println("writes=" + calls.stream().mapToInt(List::size).sum());
            tell("the snapshot", snapshots.stream().mapToLong(Call::nanos));
            tell("longest write beside a snapshot", snapshots.stream().mapToLong(each -> longest(calls, each)));
            tell("longest write beside none", others.stream().mapToLong(each -> longest(calls, each)));
            files.stopAndCheck("v");
            for (int i = 0; i < SNAPSHOTS; i += SNAPSHOTS / 4) {
                assertThat(files.command().object("fs", "fsck", "v@s" + i))
                        .containsEntry("clean", true)
                        .containsEntry("needs_replay", false);
            }
        }
    }

    private static long longest(List<List<Call>> calls, Call beside) {
        return calls.stream()
                .flatMap(List::stream)
                .filter(call -> call.meets(beside))
                .mapToLong(Call::nanos)
                .max()
                .orElse(0);
    }

    private static void tell(String what, LongStream nanos) {
        long[] all = nanos.sorted().toArray();
        System.out.printf(
                Locale.ROOT,
                "%s, ms: count=%d min=%.1f median=%.1f 90%%=%.1f max=%.1f%n",
                what,
                all.length,
                all[0] / 1e6,
                all[all.length / 2] / 1e6,
                all[all.length * 9 / 10] / 1e6,
                all[all.length - 1] / 1e6);
    }

    /** Writes files of 64 KiB over and over in pieces, the first time making them. */
    private static void write(Path work, AtomicBoolean isOver, List<Call> calls) {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        try {
            for (int i = 0; !isOver.get(); i++) {
                try (FileChannel channel = FileChannel.open(
                        work.resolve("f" + i % FILES), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                    for (int at = 0; at < PIECES && !isOver.get(); at++) {
                        long from = System.nanoTime();
                        channel.write(piece.clear(), (long) at * PIECE_BYTES);
                        calls.add(new Call(from, System.nanoTime()));
                        TimeUnit.MICROSECONDS.sleep(THINK_MICROS);
                    }
                }
            }
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
