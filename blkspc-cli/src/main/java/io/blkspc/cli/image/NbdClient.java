package io.blkspc.cli.image;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.nbd.client.ClientHandshake;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.RequestHeader;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.protocol.TransmissionFlags;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * A small NBD client: fixed newstyle, simple replies, one request at a time. Enough to copy images and to tell the story of
 * the demo through the same door that every other client uses. Owned by one thread.
 *
 * <p>Source: the NBD protocol, doc/proto.md, "Transmission".
 */
public final class NbdClient implements AutoCloseable {

    /** Most bytes of one request; every server takes this much. */
    public static final int MAX_REQUEST_BYTES = 4 << 20;

    /** Most bytes of a request that carries none. */
    private static final int MAX_RANGE_BYTES = 1 << 30;

    private final SocketChannel channel;
    private final String export;
    private final ByteBuffer request = ByteBuffer.allocateDirect(RequestHeader.BYTES);
    private final ByteBuffer reply = ByteBuffer.allocateDirect(SimpleReply.BYTES);
    private final RequestHeader requestHeader = new RequestHeader().wrap(MemorySegment.ofBuffer(request), 0);
    private final SimpleReply replyHeader = new SimpleReply().wrap(MemorySegment.ofBuffer(reply), 0);
    private long requestCookie;
    private long sizeBytes;
    private boolean isReadOnly;

    private NbdClient(SocketChannel channel, String export) {
        this.channel = channel;
        this.export = export;
    }

    /**
     * Connects and chooses an export.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}: there is no such export
     * @throws CommandFailure when nothing is there that speaks NBD
     */
    public static NbdClient connect(Path socket, String export) {
        try {
            SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            NbdClient client = new NbdClient(channel, export);
            try {
                ClientHandshake.Agreed agreed = ClientHandshake.choose(client.wire(), export);
                client.sizeBytes = agreed.sizeBytes();
                client.isReadOnly = (agreed.flags() & TransmissionFlags.READ_ONLY) != 0;
                return client;
            } catch (IOException | BlockSpaceException failure) {
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

    /** {@code true} when the server takes no writes to it. */
    public boolean isReadOnly() {
        return isReadOnly;
    }

    /** Reads {@code length} bytes into {@code target} from {@code start}. */
    public void read(long offset, long length, MemorySegment target, long start) {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(MAX_REQUEST_BYTES, length - done);
            exchange(NbdCommand.READ, offset + done, count, target.asSlice(start + done, count));
            done += count;
        }
    }

    /** Writes {@code length} bytes of {@code source} from {@code start}. */
    public void write(long offset, long length, MemorySegment source, long start) {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(MAX_REQUEST_BYTES, length - done);
            exchange(NbdCommand.WRITE, offset + done, count, source.asSlice(start + done, count));
            done += count;
        }
    }

    /** Gives the blocks of a range back; they read as zeros. */
    public void trim(long offset, long length) {
        inParts(NbdCommand.TRIM, offset, length);
    }

    /** Makes a range read as zeros. */
    public void writeZeroes(long offset, long length) {
        inParts(NbdCommand.WRITE_ZEROES, offset, length);
    }

    private void inParts(int command, long offset, long length) {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(MAX_RANGE_BYTES, length - done);
            exchange(command, offset + done, count, MemorySegment.NULL);
            done += count;
        }
    }

    /** On return, every write that returned before survives power loss. */
    public void flush() {
        exchange(NbdCommand.FLUSH, 0, 0, MemorySegment.NULL);
    }

    private ClientHandshake.Wire wire() {
        return new ClientHandshake.Wire() {
            @Override
            public void send(ByteBuffer bytes) throws IOException {
                NbdClient.this.send(bytes);
            }

            @Override
            public void receive(ByteBuffer target) throws IOException {
                NbdClient.this.receive(target);
            }
        };
    }

    private void exchange(int command, long offset, int length, MemorySegment memory) {
        try {
            ByteBuffer header = header(command, offset, length);
            if (command == NbdCommand.WRITE) {
                send(header, memory.asByteBuffer());
            } else {
                send(header);
            }
            receive(reply.clear());
            if (replyHeader.magic() != SimpleReply.MAGIC || replyHeader.requestCookie() != requestCookie) {
                throw new IOException("reply out of step: magic=0x" + Integer.toHexString(replyHeader.magic()));
            }
            if (replyHeader.error() != NbdError.NONE) {
                throw refused(command, offset, length, replyHeader.error());
            }
            if (command == NbdCommand.READ) {
                receive(memory.asByteBuffer());
            }
        } catch (IOException failure) {
            throw lost(export, failure);
        }
    }

    private ByteBuffer header(int command, long offset, int length) {
        requestHeader
                .magic(RequestHeader.MAGIC)
                .flags(0)
                .type(command)
                .requestCookie(++requestCookie)
                .fromOffset(offset)
                .length(length);
        return request.clear();
    }

    private CommandFailure refused(int command, long offset, int length, int errno) {
        String facts = "volume=" + export + ", offset=" + offset + ", length=" + length;
        if (errno == NbdError.ENOSPC) {
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
            send(header(NbdCommand.DISC, 0, 0));
            channel.shutdownOutput();
            while (channel.read(reply.clear()) >= 0) {
                // The end of the stream comes after the volume was let go.
            }
        } catch (IOException gone) {
            // The server went first; there is nothing left to end.
        }
    }
}
