package io.blkspc.cli.attach;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A generic netlink request, in the byte order of the machine.
 *
 * <pre>
 *  offset size field       meaning
 *       0    4 length      bytes of the whole message
 *       4    2 type        family
 *       6    2 flags       {@link #FLAGS}: a request, and an answer in any case
 *       8    4 sequence    repeated in the answer
 *      12    4 port        0, the kernel
 *      16    1 command     of the family
 *      17    1 version     of the family
 *      18    2 reserved    0
 *      20      attributes
 *
 *  attribute
 *       0    2 length      header and value, without padding
 *       2    2 type        with {@link #NESTED} when the value is attributes
 *       4      value       then zeros to a multiple of 4
 * </pre>
 *
 * Source: linux/netlink.h and linux/genetlink.h of the kernel's user interface. Built by one thread.
 */
final class NetlinkRequest {

    static final int HEADER_BYTES = 20;
    static final int ATTRIBUTE_HEADER_BYTES = 4;
    static final int FLAGS = 0x1 | 0x4; // NLM_F_REQUEST, NLM_F_ACK
    static final int NESTED = 0x8000;

    private static final int LENGTH_OFFSET = 0;
    private static final int SEQUENCE_OFFSET = 8;
    private static final int MAX_BYTES = 8192;

    private final ByteBuffer message = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());

    NetlinkRequest(int family, int command) {
        message.putInt(0)
                .putShort((short) family)
                .putShort((short) FLAGS)
                .putInt(0)
                .putInt(0)
                .put((byte) command)
                .put((byte) 1)
                .putShort((short) 0);
    }

    NetlinkRequest putInt(int type, int value) {
        begin(type);
        message.putInt(value);
        return end(message.position() - Integer.BYTES - ATTRIBUTE_HEADER_BYTES);
    }

    NetlinkRequest putLong(int type, long value) {
        begin(type);
        message.putLong(value);
        return end(message.position() - Long.BYTES - ATTRIBUTE_HEADER_BYTES);
    }

    /** A string, with a zero at its end. */
    NetlinkRequest putText(int type, String value) {
        int start = begin(type);
        message.put(value.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
        return end(start);
    }

    /** Begins an attribute; {@link #end} takes what this returns. */
    int begin(int type) {
        int start = message.position();
        message.putShort((short) 0).putShort((short) type);
        return start;
    }

    /** Ends the attribute that began at {@code start}. */
    NetlinkRequest end(int start) {
        message.putShort(start, (short) (message.position() - start));
        while (message.position() % 4 != 0) {
            message.put((byte) 0);
        }
        return this;
    }

    /** The whole message. */
    byte[] bytes(int sequence) {
        message.putInt(LENGTH_OFFSET, message.position()).putInt(SEQUENCE_OFFSET, sequence);
        return Arrays.copyOf(message.array(), message.position());
    }
}
