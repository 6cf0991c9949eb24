package io.blkspc.cli.image;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A small NBD client: fixed newstyle, simple replies, one request at a time. Enough to copy images and to tell the story of
 * the demo through the same door that every other client uses. Owned by one thread.
 *
 * <p>Source: the NBD protocol description, "Fixed newstyle negotiation" and "Transmission".
 */
public final class NbdClient implements AutoCloseable {

    /** Most bytes of one request; every server takes this much. */
    public static final int MAX_REQUEST_BYTES = 4 << 20;

    private static final long GREETING = 0x4e42444d41474943L; // NBDMAGIC
    private static final long OPTION_MAGIC = 0x49484156454F5054L; // IHAVEOPT
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int INFO_EXPORT = 0;
    private static final int CLIENT_FLAGS_MASK = 3; // fixed newstyle, no zeroes
    private static final int MAX_OPTION_REPLY_BYTES = 64 * 1024;

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int DISCONNECT = 2;
    private static final int FLUSH = 3;
    private static final int ENOSPC = 28;

    private final SocketChannel channel;
    private final String export;
    private final ByteBuffer request = ByteBuffer.allocateDirect(28);
    private final ByteBuffer reply = ByteBuffer.allocateDirect(16);
    private long requestCookie;
    private long sizeBytes;

    private NbdClient(SocketChannel channel, String export) {
        this.channel = channel;
        this.export = export;
    }

    /**
     * Connects and chooses an export.
     *
     * @throws CommandFailure when there is no such export, or nothing that speaks NBD
     */
    public static NbdClient connect(Path socket, String export) {
        try {
            SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            NbdClient client = new NbdClient(channel, export);
            try {
                client.negotiate();
                return client;
            } catch (IOException | CommandFailure failure) {
                channel.close();
                throw failure;
            }
        } catch (IOException failure) {
            throw lost(export, failure);
        }
    }

    /** Size of the export in bytes. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Reads {@code length} bytes into {@code target} from {@code start}. */
    public void read(long offset, long length, MemorySegment target, long start) {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(MAX_REQUEST_BYTES, length - done);
            exchange(READ, offset + done, count, target.asSlice(start + done, count));
            done += count;
        }
    }

    /** Writes {@code length} bytes of {@code source} from {@code start}. */
    public void write(long offset, long length, MemorySegment source, long start) {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(MAX_REQUEST_BYTES, length - done);
            exchange(WRITE, offset + done, count, source.asSlice(start + done, count));
            done += count;
        }
    }

    /** On return, every write that returned before survives power loss. */
    public void flush() {
        exchange(FLUSH, 0, 0, MemorySegment.NULL);
    }

    private void negotiate() throws IOException {
        ByteBuffer hello = receive(ByteBuffer.allocate(18));
        if (hello.getLong() != GREETING || hello.getLong() != OPTION_MAGIC) {
            throw new IOException("not an NBD server");
        }
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer go = ByteBuffer.allocate(26 + name.length)
                .putInt(hello.getShort() & CLIENT_FLAGS_MASK)
                .putLong(OPTION_MAGIC)
                .putInt(OPTION_GO)
                .putInt(6 + name.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0);
        send(go.flip());
        while (true) {
            ByteBuffer header = receive(ByteBuffer.allocate(20));
            if (header.getLong() != OPTION_REPLY_MAGIC) {
                throw new IOException("bad magic of an option reply");
            }
            int type = header.getInt(12);
            int length = header.getInt(16);
            if (length < 0 || length > MAX_OPTION_REPLY_BYTES) {
                throw new IOException("option reply is too long: length=" + length);
            }
            ByteBuffer body = receive(ByteBuffer.allocate(length));
            if (type == REPLY_ACK) {
                return;
            }
            if (type < 0) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND_OR_EXISTS,
                        "the server does not export it: name=" + export + ", reply=0x" + Integer.toHexString(type));
            }
            if (type == REPLY_INFO && length >= 12 && body.getShort() == INFO_EXPORT) {
                sizeBytes = body.getLong();
            }
        }
    }

    private void exchange(int command, long offset, int length, MemorySegment memory) {
        try {
            long sent = ++requestCookie;
            request.clear()
                    .putInt(REQUEST_MAGIC)
                    .putShort((short) 0)
                    .putShort((short) command)
                    .putLong(sent)
                    .putLong(offset)
                    .putInt(length)
                    .flip();
            if (command == WRITE) {
                send(request, memory.asByteBuffer());
            } else {
                send(request);
            }
            receive(reply.clear());
            int magic = reply.getInt();
            int errno = reply.getInt();
            if (magic != SIMPLE_REPLY_MAGIC || reply.getLong() != sent) {
                throw new IOException("reply out of step: magic=0x" + Integer.toHexString(magic));
            }
            if (errno != 0) {
                throw refused(command, offset, length, errno);
            }
            if (command == READ) {
                receive(memory.asByteBuffer());
            }
        } catch (IOException failure) {
            throw lost(export, failure);
        }
    }

    private CommandFailure refused(int command, long offset, int length, int errno) {
        String facts = "volume=" + export + ", offset=" + offset + ", length=" + length;
        if (errno == ENOSPC) {
            return new CommandFailure(ExitCode.NO_SPACE, "No space left in pool: " + facts);
        }
        return new CommandFailure(
                ExitCode.FAILED,
                "the server refused a request: " + facts + ", command=" + command + ", errno=" + errno);
    }

    private static CommandFailure lost(String export, IOException failure) {
        return new CommandFailure(
                ExitCode.FAILED,
                "the connection to the server was lost: volume=" + export + ", reason=" + failure.getMessage(),
                failure);
    }

    private void send(ByteBuffer... buffers) throws IOException {
        while (buffers[buffers.length - 1].hasRemaining()) {
            channel.write(buffers);
        }
    }

    private ByteBuffer receive(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        return buffer.flip();
    }

    /** Says goodbye where the server still listens, and waits until it has let the volume go: what follows may destroy it. */
    @Override
    public void close() {
        try (channel) {
            request.clear().putInt(REQUEST_MAGIC).putShort((short) 0).putShort((short) DISCONNECT);
            request.putLong(++requestCookie).putLong(0).putInt(0).flip();
            send(request);
            channel.shutdownOutput();
            while (channel.read(reply.clear()) >= 0) {
                // The end of the stream comes after the volume was let go.
            }
        } catch (IOException gone) {
            // The server went first; there is nothing left to end.
        }
    }
}
