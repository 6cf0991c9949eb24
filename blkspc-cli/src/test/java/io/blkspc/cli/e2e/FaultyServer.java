package io.blkspc.cli.e2e;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server in memory with one planted mistake, on which the kill loop and its oracle are tried. It has one export of any
 * name. A kill closes the connections; what is in memory is what the page cache would have kept.
 */
final class FaultyServer implements Endpoint {

    /** The mistakes that the oracle must find. */
    enum Fault {
        /** None: the oracle must be content. */
        NONE,
        /** Every so often a write is replied to and not done. */
        DROPS_WRITE,
        /** Every so often a write goes one sector further. */
        MISPLACES_WRITE,
        /** Every so often the last half of a sector is not written. */
        TEARS_SECTOR,
        /** Unaligned trims take the rest of their blocks with them. */
        TRIM_ROUNDS_OUTWARDS,
        /** Zeroing is replied to and not done. */
        IGNORES_ZEROES,
        /** A small write reads its block and writes it back whole, without a lock. */
        UNLOCKED_READ_MODIFY_WRITE,
        /** After a kill the last overwrite of each block is gone: the first write counts, the second is lost. */
        KILL_LOSES_OVERWRITES,
        /** After a kill everything is right; after the next one, what the first recovery showed is gone. */
        SECOND_KILL_GOES_BACK
    }

    private static final int BLOCK = 4096;

    private final Path socket;
    private final Fault fault;
    private final byte[] contents;
    private final byte[] before;
    private byte[] atFirstKill;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private ServerSocketChannel listener;
    private volatile boolean isKilled = true;
    private int requests;
    private int kills;

    FaultyServer(Path socket, int sizeBytes, Fault fault) {
        this.socket = socket;
        this.fault = fault;
        contents = new byte[sizeBytes];
        before = new byte[sizeBytes];
    }

    @Override
    public void start() {
        try {
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        isKilled = false;
        ServerSocketChannel mine = listener;
        Thread.ofPlatform().daemon().name("e2e-faulty").start(() -> accept(mine));
    }

    private void accept(ServerSocketChannel mine) {
        try {
            while (true) {
                SocketChannel connection = mine.accept();
                connections.add(connection);
                Thread.ofPlatform().daemon().name("e2e-faulty").start(() -> serve(connection));
            }
        } catch (IOException closed) {
            // Killed.
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(connection));
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(connection));
            negotiate(in, out);
            while (true) {
                in.readInt();
                in.readShort();
                int command = in.readUnsignedShort();
                long cookie = in.readLong();
                int offset = (int) in.readLong();
                int length = in.readInt();
                byte[] payload = in.readNBytes(command == NbdConnection.WRITE ? length : 0);
                byte[] data = perform(command, offset, length, payload);
                out.write(ByteBuffer.allocate(16 + data.length)
                        .putInt(0x67446698)
                        .putInt(0)
                        .putLong(cookie)
                        .put(data)
                        .array());
            }
        } catch (IOException gone) {
            // The client left, or the server was killed.
        }
    }

    private void negotiate(DataInputStream in, DataOutputStream out) throws IOException {
        out.write("NBDMAGICIHAVEOPT".getBytes(StandardCharsets.US_ASCII));
        out.writeShort(3);
        in.readNBytes(4 + 8 + 4);
        in.readNBytes(in.readInt());
        int flags = 1 | NbdConnection.CAN_FLUSH | NbdConnection.CAN_TRIM | NbdConnection.CAN_WRITE_ZEROES;
        ByteBuffer answer = ByteBuffer.allocate(20 + 12 + 20);
        answer.putLong(0x3e889045565a9L).putInt(7).putInt(3).putInt(12);
        answer.putShort((short) 0).putLong(contents.length).putShort((short) flags);
        answer.putLong(0x3e889045565a9L).putInt(7).putInt(1).putInt(0);
        out.write(answer.array());
    }

    private byte[] perform(int command, int offset, int length, byte[] payload) throws IOException {
        if (fault == Fault.UNLOCKED_READ_MODIFY_WRITE && command == NbdConnection.WRITE && length < BLOCK) {
            readModifyWrite(offset, payload);
            return new byte[0];
        }
        synchronized (this) {
            if (isKilled) {
                throw new IOException("killed");
            }
            boolean isUnlucky = ++requests % 23 == 0;
            switch (command) {
                case NbdConnection.READ -> {
                    return Arrays.copyOfRange(contents, offset, offset + length);
                }
                case NbdConnection.WRITE -> write(offset, payload, isUnlucky);
                case NbdConnection.TRIM -> {
                    boolean rounds = fault == Fault.TRIM_ROUNDS_OUTWARDS;
                    int from = rounds ? offset & -BLOCK : offset;
                    int to = rounds ? (offset + length + BLOCK - 1) & -BLOCK : offset + length;
                    Arrays.fill(contents, from, Math.min(to, contents.length), (byte) 0);
                }
                case NbdConnection.WRITE_ZEROES -> {
                    if (fault != Fault.IGNORES_ZEROES) {
                        Arrays.fill(contents, offset, offset + length, (byte) 0);
                    }
                }
                default -> {}
            }
            return new byte[0];
        }
    }

    private void write(int offset, byte[] payload, boolean isUnlucky) {
        int at = offset;
        int length = payload.length;
        if (isUnlucky) {
            switch (fault) {
                case DROPS_WRITE -> length = 0;
                case MISPLACES_WRITE -> at = Math.min(offset + Sector.BYTES, contents.length - length);
                case TEARS_SECTOR -> length -= Sector.BYTES / 2;
                default -> {}
            }
        }
        System.arraycopy(contents, offset, before, offset, payload.length);
        System.arraycopy(payload, 0, contents, at, length);
    }

    private void readModifyWrite(int offset, byte[] payload) {
        int from = offset & -BLOCK;
        int to = (offset + payload.length + BLOCK - 1) & -BLOCK;
        byte[] blocks;
        synchronized (this) {
            blocks = Arrays.copyOfRange(contents, from, to);
        }
        Await.pause(1);
        System.arraycopy(payload, 0, blocks, offset - from, payload.length);
        synchronized (this) {
            if (!isKilled) {
                System.arraycopy(blocks, 0, contents, from, blocks.length);
            }
        }
    }

    @Override
    public void killHard() {
        synchronized (this) {
            isKilled = true;
            kills++;
            if (fault == Fault.KILL_LOSES_OVERWRITES) {
                System.arraycopy(before, 0, contents, 0, contents.length);
            } else if (fault == Fault.SECOND_KILL_GOES_BACK && kills == 1) {
                atFirstKill = before.clone();
            } else if (fault == Fault.SECOND_KILL_GOES_BACK && kills == 2) {
                System.arraycopy(atFirstKill, 0, contents, 0, contents.length);
            }
        }
        try {
            listener.close();
            for (SocketChannel connection : connections) {
                connection.close();
            }
            connections.clear();
            Files.deleteIfExists(socket);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public void close() {
        if (!isKilled) {
            killHard();
        }
    }
}
