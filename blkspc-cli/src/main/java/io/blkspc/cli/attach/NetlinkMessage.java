package io.blkspc.cli.attach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A message from the kernel, laid out as {@link NetlinkRequest}, or an acknowledgement: type {@link #ERROR}, and minus errno or 0
 * in the four bytes from {@link #ERROR_OFFSET}. Valid if and only if all lengths lie inside the message.
 */
final class NetlinkMessage {

    /** Type of an acknowledgement. */
    static final int ERROR = 2;

    static final int ERROR_OFFSET = 16;
    private static final int TYPE_OFFSET = 4;
    private static final int SEQUENCE_OFFSET = 8;
    private static final int COMMAND_OFFSET = 16;
    private static final int TYPE_MASK = 0x3fff;
    private static final int ALIGNMENT_MASK = 3;

    private final ByteBuffer bytes;

    private NetlinkMessage(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** Reads the first message of a datagram, and keeps a copy of it. */
    static NetlinkMessage read(byte[] datagram, int count) throws Malformed {
        ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOf(datagram, count)).order(ByteOrder.nativeOrder());
        if (count < NetlinkRequest.HEADER_BYTES
                || bytes.getInt(0) < NetlinkRequest.HEADER_BYTES
                || bytes.getInt(0) > count) {
            throw new Malformed("not a netlink message: bytes=" + count);
        }
        return new NetlinkMessage(bytes.limit(bytes.getInt(0)));
    }

    int type() {
        return Short.toUnsignedInt(bytes.getShort(TYPE_OFFSET));
    }

    int sequence() {
        return bytes.getInt(SEQUENCE_OFFSET);
    }

    /** Of an acknowledgement: 0 or minus errno. */
    int error() {
        return bytes.getInt(ERROR_OFFSET);
    }

    int command() {
        return Byte.toUnsignedInt(bytes.get(COMMAND_OFFSET));
    }

    /** The values of all attributes, to be looked through with {@link #find}. */
    ByteBuffer attributes() {
        return part(bytes, NetlinkRequest.HEADER_BYTES, bytes.limit());
    }

    /** The value of the first attribute of a type, or of any type where that is negative; {@code null} when there is none. */
    static ByteBuffer find(ByteBuffer attributes, int type) throws Malformed {
        int at = 0;
        while (attributes.limit() - at >= NetlinkRequest.ATTRIBUTE_HEADER_BYTES) {
            int length = Short.toUnsignedInt(attributes.getShort(at));
            if (length < NetlinkRequest.ATTRIBUTE_HEADER_BYTES || length > attributes.limit() - at) {
                throw new Malformed("a netlink attribute does not end in its message: length=" + length);
            }
            if (type < 0 || (attributes.getShort(at + 2) & TYPE_MASK) == type) {
                return part(attributes, at + NetlinkRequest.ATTRIBUTE_HEADER_BYTES, at + length);
            }
            at += (length + ALIGNMENT_MASK) & ~ALIGNMENT_MASK;
        }
        return null;
    }

    /** A number of four bytes. */
    static int findInt(ByteBuffer attributes, int type) throws Malformed {
        ByteBuffer value = find(attributes, type);
        if (value == null || value.limit() < Integer.BYTES) {
            throw new Malformed("a netlink message lacks an attribute: type=" + type);
        }
        return value.getInt(0);
    }

    /** A number of two bytes. */
    static int findShort(ByteBuffer attributes, int type) throws Malformed {
        ByteBuffer value = find(attributes, type);
        if (value == null || value.limit() < Short.BYTES) {
            throw new Malformed("a netlink message lacks an attribute: type=" + type);
        }
        return Short.toUnsignedInt(value.getShort(0));
    }

    /** It does not mean what it should. */
    static final class Malformed extends IOException {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }
    }

    private static ByteBuffer part(ByteBuffer from, int start, int end) {
        return from.slice(start, end - start).order(ByteOrder.nativeOrder());
    }
}
