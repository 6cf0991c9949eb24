package io.blkspc.nbd.client;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.nbd.protocol.ClientFlags;
import io.blkspc.nbd.protocol.InfoExport;
import io.blkspc.nbd.protocol.NbdOption;
import io.blkspc.nbd.protocol.NbdReply;
import io.blkspc.nbd.protocol.OptionHeader;
import io.blkspc.nbd.protocol.OptionReplyHeader;
import io.blkspc.nbd.protocol.ServerGreeting;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A client's handshake: fixed newstyle, one GO, simple replies afterwards. What the server says is verified; of information it
 * volunteers only size and flags are looked at. Source: the NBD protocol, doc/proto.md, "Fixed newstyle negotiation".
 */
public final class ClientHandshake {

    /** Longest reply to an option that is taken, in bytes. */
    private static final int MAX_REPLY_BYTES = 64 * 1024;

    /** A server that tells more than this about one export does not come to the point. */
    private static final int MAX_REPLIES = 64;

    private static final int NAME_LENGTH_BYTES = Integer.BYTES;
    private static final int NO_INFORMATION_BYTES = Short.BYTES;

    private ClientHandshake() {}

    /** A connection to a server. */
    public interface Wire {
        /** Sends all that remains. */
        void send(ByteBuffer bytes) throws IOException;

        /** Fills what remains; an end before that is an {@link IOException}. */
        void receive(ByteBuffer target) throws IOException;
    }

    /**
     * What was agreed.
     *
     * @param sizeBytes size of the export
     * @param flags its transmission flags
     */
    public record Agreed(long sizeBytes, int flags) {}

    /**
     * Chooses an export; transmission begins on return.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}: the server does not export it
     * @throws IOException when the connection ends, or the other end does not speak the protocol
     */
    public static Agreed choose(Wire wire, String export) throws IOException {
        MemorySegment hello = receive(wire, ServerGreeting.BYTES);
        ServerGreeting greeting = new ServerGreeting().wrap(hello, 0);
        if (greeting.magic() != ServerGreeting.MAGIC
                || greeting.optionMagic() != OptionHeader.MAGIC
                || (greeting.flags() & ServerGreeting.FIXED_NEWSTYLE) == 0) {
            throw new IOException("not an NBD server that speaks fixed newstyle");
        }
        wire.send(go(greeting.flags() & ClientFlags.KNOWN, export.getBytes(StandardCharsets.UTF_8)));
        Agreed agreed = null;
        for (int i = 0; i < MAX_REPLIES; i++) {
            OptionReplyHeader reply = new OptionReplyHeader().wrap(receive(wire, OptionReplyHeader.BYTES), 0);
            if (reply.magic() != OptionReplyHeader.MAGIC
                    || reply.option() != NbdOption.GO
                    || reply.length() > MAX_REPLY_BYTES) {
                throw new IOException(
                        "not a reply to the option: option=" + reply.option() + ", length=" + reply.length());
            }
            MemorySegment body = receive(wire, (int) reply.length());
            if (NbdReply.isError(reply.type())) {
                throw new BlockSpaceException(
                        Code.NOT_FOUND,
                        "the server does not export it: name=" + export + ", reply=0x"
                                + Integer.toHexString(reply.type()));
            }
            if (reply.type() == NbdReply.ACK) {
                return accepted(agreed);
            }
            if (reply.type() == NbdReply.INFO && reply.length() >= InfoExport.BYTES) {
                InfoExport info = new InfoExport().wrap(body, 0);
                agreed = info.type() == InfoExport.TYPE ? new Agreed(info.size(), info.flags()) : agreed;
            }
        }
        throw new IOException("the server does not come to the point: replies=" + MAX_REPLIES);
    }

    private static Agreed accepted(Agreed agreed) throws IOException {
        if (agreed == null || agreed.sizeBytes() < 0) {
            throw new IOException("the server tells no size that can be: size="
                    + (agreed == null ? "none" : Long.toUnsignedString(agreed.sizeBytes())));
        }
        return agreed;
    }

    private static ByteBuffer go(int flags, byte[] name) {
        int length = NAME_LENGTH_BYTES + name.length + NO_INFORMATION_BYTES;
        ByteBuffer bytes = ByteBuffer.allocate(ClientFlags.BYTES + OptionHeader.BYTES + length);
        MemorySegment segment = MemorySegment.ofBuffer(bytes);
        new ClientFlags().wrap(segment, 0).flags(flags);
        new OptionHeader()
                .wrap(segment, ClientFlags.BYTES)
                .magic(OptionHeader.MAGIC)
                .option(NbdOption.GO)
                .length(length);
        return bytes.position(ClientFlags.BYTES + OptionHeader.BYTES)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0)
                .flip();
    }

    private static MemorySegment receive(Wire wire, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        wire.receive(bytes);
        return MemorySegment.ofArray(bytes.array());
    }
}
