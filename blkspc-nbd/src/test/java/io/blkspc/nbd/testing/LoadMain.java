package io.blkspc.nbd.testing;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * A load of random requests at a fixed depth over simple replies, for measuring any NBD server by hand: {@code SOCKET EXPORT
 * read|write BYTES DEPTH SECONDS PID}. Prints requests per second and the processor time of process PID per request.
 */
public final class LoadMain {

    private static final long SPAN_BYTES = 256L << 20;
    private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1) / 100;

    private LoadMain() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        boolean write = args[2].equals("write");
        int bytes = Integer.parseInt(args[3]);
        int depth = Integer.parseInt(args[4]);
        long runNanos = TimeUnit.SECONDS.toNanos(Integer.parseInt(args[5]));
        Path stat = Path.of("/proc/" + args[6] + "/stat");
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(args[0]));
            handshake(channel, args[1]);
            run(channel, write, bytes, depth, runNanos / 3); // warm
            long cpu = cpuNanos(stat);
            long start = System.nanoTime();
            long count = run(channel, write, bytes, depth, runNanos);
            double seconds = (System.nanoTime() - start) / 1e9;
            double cpuMicros = (cpuNanos(stat) - cpu) / 1e3 / count;
            System.out.printf("%.0f requests/s, server cpu %.2f us/request%n", count / seconds, cpuMicros);
        }
    }

    private static void handshake(SocketChannel channel, String export) throws IOException {
        read(channel, ByteBuffer.allocate(18));
        byte[] go = RawNbd.option(RawNbd.OPT_GO, RawNbd.infoData(export));
        channel.write(ByteBuffer.allocate(4 + go.length).putInt(3).put(go).flip());
        int type = 0;
        while (type != RawNbd.REP_ACK) {
            ByteBuffer header = read(channel, ByteBuffer.allocate(20));
            type = header.getInt(12);
            read(channel, ByteBuffer.allocate(header.getInt(16)));
            if (type < 0) {
                throw new IOException("refused: type=" + Integer.toHexString(type));
            }
        }
    }

    private static ByteBuffer read(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new IOException("server closed");
            }
        }
        return buffer.flip();
    }

    /** Keeps {@code depth} requests in flight and returns how many were answered. */
    private static long run(SocketChannel channel, boolean write, int bytes, int depth, long nanos) throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        ByteBuffer out = ByteBuffer.allocateDirect(depth * (28 + bytes)).order(ByteOrder.BIG_ENDIAN);
        ByteBuffer in = ByteBuffer.allocateDirect(Math.max(1 << 20, 2 * (16 + bytes)));
        int replyBytes = 16 + (write ? 0 : bytes);
        long end = System.nanoTime() + nanos;
        long answered = 0;
        int inFlight = 0;
        int wanted = depth;
        while (true) {
            if (System.nanoTime() < end) {
                out.clear();
                for (; inFlight < wanted; inFlight++) {
                    out.putInt(RawNbd.REQUEST_MAGIC).putShort((short) 0).putShort((short) (write ? 1 : 0));
                    out.putLong(answered)
                            .putLong(random.nextLong(SPAN_BYTES / bytes) * bytes)
                            .putInt(bytes);
                    if (write) {
                        out.position(out.position() + bytes);
                    }
                }
                out.flip();
                while (out.hasRemaining()) {
                    channel.write(out);
                }
            } else if (inFlight == 0) {
                return answered;
            }
            if (channel.read(in) < 0) {
                throw new IOException("server closed");
            }
            in.flip();
            while (in.remaining() >= replyBytes) {
                if (in.getInt(in.position()) != 0x67446698 || in.getInt(in.position() + 4) != 0) {
                    throw new IOException("error reply");
                }
                in.position(in.position() + replyBytes);
                answered++;
                inFlight--;
            }
            in.compact();
        }
    }

    private static long cpuNanos(Path stat) throws IOException {
        String text = Files.readString(stat, StandardCharsets.UTF_8);
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_NANOS;
    }
}
