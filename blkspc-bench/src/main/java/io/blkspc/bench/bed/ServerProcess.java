package io.blkspc.bench.bed;

import java.io.File;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** A server that runs in a process of its own and listens on a unix socket. */
public final class ServerProcess implements AutoCloseable {

    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long END_SECONDS = 40;
    private static final long PAUSE_MILLIS = 20;
    private static final long NANOS_PER_TICK = 10_000_000; // what the kernel reports is in hundredths of a second
    private static final int USER_TICKS = 11; // fields of /proc/PID/stat after the name of the program
    private static final int SYSTEM_TICKS = 12;
    private static final int DEAD_USER_TICKS = 13; // of children that ended
    private static final int DEAD_SYSTEM_TICKS = 14;

    private final ProcessHandle process;
    private final Thread atExit;

    private ServerProcess(ProcessHandle process) {
        this.process = process;
        this.atExit = new Thread(process::destroyForcibly, "bench-exit"); // should this program be ended before
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Starts a server and waits until its socket takes connections.
     *
     * @param pidFile where a server that puts itself into the background tells who it is; {@code null} for others
     */
    public static ServerProcess start(List<String> command, Path socket, Path log, Path pidFile) throws IOException {
        Process started = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .directory(log.getParent().toFile())
                .start();
        try {
            awaitSocket(socket, pidFile == null ? started : null, log);
            if (pidFile == null) {
                return new ServerProcess(started.toHandle());
            }
            long pid = Long.parseLong(Files.readString(pidFile).strip());
            return new ServerProcess(
                    ProcessHandle.of(pid).orElseThrow(() -> new IOException("server is gone: pid=" + pid)));
        } catch (IOException e) {
            started.destroyForcibly();
            throw e;
        }
    }

    /** Of {@code process} it is known that a server that has ended will not listen. */
    private static void awaitSocket(Path socket, Process process, Path log) throws IOException {
        long deadline = System.nanoTime() + START_NANOS;
        while (true) {
            try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                return;
            } catch (IOException e) {
                if ((process != null && !process.isAlive()) || System.nanoTime() - deadline > 0) {
                    throw new IOException(
                            "server does not listen: socket=" + socket + ", it said="
                                    + Files.readString(log).strip(),
                            e);
                }
            }
            pause();
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Processor time of the server and of the processes it started, in nanoseconds; exact to 10 ms. */
    public long cpuNanos() throws IOException {
        long ticks = 0;
        try (Stream<ProcessHandle> children = process.descendants()) {
            for (ProcessHandle child : (Iterable<ProcessHandle>) children::iterator) {
                ticks += ticks(child.pid());
            }
        }
        return (ticks + ticks(process.pid())) * NANOS_PER_TICK;
    }

    private static long ticks(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        long ticks = 0;
        for (int field : new int[] {USER_TICKS, SYSTEM_TICKS, DEAD_USER_TICKS, DEAD_SYSTEM_TICKS}) {
            ticks += Long.parseLong(fields[field]);
        }
        return ticks;
    }

    /** Memory that it shares with nobody and that lies in no file, in bytes. */
    public long privateBytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IOException("the kernel does not tell: pid=" + process.pid()));
        }
    }

    /** Kills it, and returns once it is gone. */
    public void kill() throws IOException {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Ends it as an operator would, and by force when that takes too long. */
    @Override
    public void close() throws IOException {
        process.destroy();
        awaitEnd();
    }

    private void awaitEnd() throws IOException {
        Runtime.getRuntime().removeShutdownHook(atExit);
        try {
            process.onExit().get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
        } catch (ExecutionException e) {
            throw new IOException("server cannot be waited for: pid=" + process.pid(), e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
