package io.blkspc.cli.e2e;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Disks that note down every write and flush before they do it. The exports {@code disk0}, {@code disk1} … of an NBD server
 * of its own, each over an image file; all notes go to one {@link DiskLog}. They know no trim, no write zeroes and no FUA, so
 * that whoever uses them says everything with writes and flushes. {@link MediumFaults} may keep writes from being done; those
 * that are refused are not noted.
 */
final class RecordingDisks implements AutoCloseable {

    private static final int HAS_FLAGS = 1;
    private static final int CAN_MULTI_CONN = 1 << 8;
    private static final int EIO = 5;
    private static final byte[] NOTHING = {};
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int OPTION_ABORT = 2;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int REPLY_UNSUPPORTED = 0x80000001;
    private static final int REPLY_UNKNOWN = 0x80000006;

    private final Path socket;
    private final DiskLog log;
    private final MediumFaults faults;
    private final List<FileChannel> images = new ArrayList<>();
    private final ServerSocketChannel listener;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

    private RecordingDisks(Path socket, List<Path> files, DiskLog log, MediumFaults faults) throws IOException {
        this.socket = socket;
        this.log = log;
        this.faults = faults;
        for (Path file : files) {
            images.add(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
        }
        Files.deleteIfExists(socket);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
    }

    /** Serves these images, one disk each, until {@link #close}. */
    static RecordingDisks serve(Path socket, List<Path> images, DiskLog log) {
        return serve(socket, images, log, new MediumFaults());
    }

    static RecordingDisks serve(Path socket, List<Path> images, DiskLog log, MediumFaults faults) {
        try {
            RecordingDisks disks = new RecordingDisks(socket, images, log, faults);
            Thread.ofPlatform().daemon().name("e2e-disks").start(disks::accept);
            return disks;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    String uri(int disk) {
        return "nbd+unix:///disk" + disk + "?socket=" + socket;
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel connection = listener.accept();
                connections.add(connection);
                Thread.ofPlatform().daemon().name("e2e-disk").start(() -> serve(connection));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(connection));
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(connection)));
            int disk = negotiate(in, out);
            while (disk >= 0 && one(disk, in, out)) {
                // Until the client says goodbye.
            }
        } catch (IOException gone) {
            // The client left.
        } finally {
            connections.remove(connection);
        }
    }

    /** Returns the disk that the client chose, -1 when it went away. */
    private int negotiate(DataInputStream in, DataOutputStream out) throws IOException {
        out.write("NBDMAGICIHAVEOPT".getBytes(StandardCharsets.US_ASCII));
        out.writeShort(3);
        out.flush();
        in.readInt();
        while (true) {
            in.readLong();
            int option = in.readInt();
            byte[] body = in.readNBytes(in.readInt());
            int disk = option == OPTION_GO ? diskOf(body) : -1;
            if (disk >= 0) {
                ByteBuffer info = ByteBuffer.allocate(12);
                int flags = HAS_FLAGS | NbdConnection.CAN_FLUSH | CAN_MULTI_CONN;
                info.putShort((short) 0).putLong(images.get(disk).size()).putShort((short) flags);
                reply(out, option, REPLY_INFO, info.array());
                reply(out, option, REPLY_ACK, NOTHING);
                return disk;
            }
            int answer = option == OPTION_ABORT ? REPLY_ACK : option == OPTION_GO ? REPLY_UNKNOWN : REPLY_UNSUPPORTED;
            reply(out, option, answer, NOTHING);
            if (option == OPTION_ABORT) {
                return -1;
            }
        }
    }

    private int diskOf(byte[] body) {
        int nameBytes = ByteBuffer.wrap(body).getInt();
        String name = new String(body, Integer.BYTES, nameBytes, StandardCharsets.UTF_8);
        for (int disk = 0; disk < images.size(); disk++) {
            if (name.equals("disk" + disk)) {
                return disk;
            }
        }
        return -1;
    }

    private static void reply(DataOutputStream out, int option, int type, byte[] body) throws IOException {
        out.writeLong(OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(body.length);
        out.write(body);
        out.flush();
    }

    /** Serves one request; {@code false} when the client says goodbye. */
    private boolean one(int disk, DataInputStream in, DataOutputStream out) throws IOException {
        try {
            in.readInt();
        } catch (EOFException end) {
            return false;
        }
        in.readShort();
        int command = in.readUnsignedShort();
        long cookie = in.readLong();
        long offset = in.readLong();
        int length = in.readInt();
        switch (command) {
            case NbdConnection.READ -> {
                ByteBuffer bytes = ByteBuffer.allocate(length);
                while (bytes.hasRemaining() && images.get(disk).read(bytes, offset + bytes.position()) >= 0) {
                    // A file may give less than was asked for.
                }
                answer(out, cookie, bytes.hasRemaining() ? EIO : 0, bytes.hasRemaining() ? NOTHING : bytes.array());
            }
            case NbdConnection.WRITE -> {
                ByteBuffer bytes = ByteBuffer.wrap(in.readNBytes(length));
                if (faults.refuses(bytes)) {
                    answer(out, cookie, EIO, NOTHING);
                } else if (faults.holds(bytes)) {
                    Thread.startVirtualThread(() -> writeLater(disk, offset, bytes, out, cookie));
                } else {
                    log.answered(write(disk, offset, bytes));
                    answer(out, cookie, 0, NOTHING);
                }
            }
            case NbdConnection.FLUSH -> {
                log.answered(log.flush(disk));
                answer(out, cookie, 0, NOTHING);
            }
            case NbdConnection.DISCONNECT -> {
                return false;
            }
            default -> throw new IOException("disk was not asked what it offers: command=" + command);
        }
        return true;
    }

    /** One at a time, so that the image holds what the log says. */
    private int write(int disk, long offset, ByteBuffer bytes) throws IOException {
        synchronized (log) {
            int event = log.write(disk, offset, bytes);
            long at = offset;
            while (bytes.hasRemaining()) {
                at += images.get(disk).write(bytes, at);
            }
            return event;
        }
    }

    private void writeLater(int disk, long offset, ByteBuffer bytes, DataOutputStream out, long cookie) {
        try {
            faults.awaitRelease();
            log.answered(write(disk, offset, bytes));
            answer(out, cookie, 0, NOTHING);
        } catch (IOException gone) {
            // The client left.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(DataOutputStream out, long cookie, int errno, byte[] data) throws IOException {
        synchronized (out) {
            out.writeInt(0x67446698);
            out.writeInt(errno);
            out.writeLong(cookie);
            out.write(data);
            out.flush();
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (SocketChannel connection : connections) {
                connection.close();
            }
            for (FileChannel image : images) {
                image.close();
            }
            Files.deleteIfExists(socket);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
