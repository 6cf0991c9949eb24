package io.blkspc.bench.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * Fixed newstyle negotiation, from the greeting to transmission. Source: the NBD protocol description, "Fixed newstyle
 * negotiation".
 *
 * @param sizeBytes size of the export
 * @param structured whether structured replies were agreed
 */
record Handshake(long sizeBytes, boolean structured) {

    private static final long GREETING = 0x4e42444d41474943L; // NBDMAGIC
    private static final long OPTION_MAGIC = 0x49484156454F5054L; // IHAVEOPT
    private static final long REPLY_MAGIC = 0x3e889045565a9L;
    private static final int GO = 7;
    private static final int STRUCTURED_REPLY = 8;
    private static final int ACK = 1;
    private static final int INFO = 3;
    private static final int INFO_EXPORT = 0;
    private static final int CLIENT_FLAGS_MASK = 3; // fixed newstyle, no zeroes
    private static final int MAX_REPLY_BYTES = 64 << 10;

    static Handshake with(SocketChannel channel, String export, boolean wantsStructured) throws IOException {
        ByteBuffer hello = receive(channel, 18);
        if (hello.getLong() != GREETING || hello.getLong() != OPTION_MAGIC) {
            throw new IOException("not an NBD server");
        }
        send(channel, ByteBuffer.allocate(4).putInt(hello.getShort() & CLIENT_FLAGS_MASK));
        boolean structured = wantsStructured && agreeStructured(channel);
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        send(channel, option(GO, 6 + name.length).putInt(name.length).put(name).putShort((short) 0));
        long size = -1;
        while (true) {
            ByteBuffer header = receive(channel, 20);
            ByteBuffer body = body(channel, header);
            int type = header.getInt(12);
            if (type == ACK) {
                return new Handshake(size, structured);
            }
            if (type < 0) {
                throw new IOException("export is refused: name=" + export + ", reply=0x" + Integer.toHexString(type));
            }
            if (type == INFO && body.remaining() >= 12 && body.getShort() == INFO_EXPORT) {
                size = body.getLong();
            }
        }
    }

    private static boolean agreeStructured(SocketChannel channel) throws IOException {
        send(channel, option(STRUCTURED_REPLY, 0));
        ByteBuffer header = receive(channel, 20);
        body(channel, header);
        return header.getInt(12) == ACK;
    }

    private static ByteBuffer option(int option, int bytes) {
        return ByteBuffer.allocate(16 + bytes)
                .putLong(OPTION_MAGIC)
                .putInt(option)
                .putInt(bytes);
    }

    private static ByteBuffer body(SocketChannel channel, ByteBuffer header) throws IOException {
        int length = header.getInt(16);
        if (header.getLong(0) != REPLY_MAGIC || length < 0 || length > MAX_REPLY_BYTES) {
            throw new IOException("not an option reply: length=" + length);
        }
        return receive(channel, length);
    }

    private static void send(SocketChannel channel, ByteBuffer bytes) throws IOException {
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static ByteBuffer receive(SocketChannel channel, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server closed the connection in the handshake");
            }
        }
        return buffer.flip();
    }
}
