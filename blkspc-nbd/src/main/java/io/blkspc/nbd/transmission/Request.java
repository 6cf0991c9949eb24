package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.ContextFilter;
import io.blkspc.nbd.protocol.ExtendedRequestHeader;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.RequestHeader;
import java.lang.foreign.MemorySegment;

/**
 * One request, read from the header that was agreed: of whichever kind, a payload and a range. Reused. Owned by one thread.
 */
final class Request {

    private final boolean extended;
    private final int headerBytes;
    private final RequestHeader compactHeader = new RequestHeader();
    private final ExtendedRequestHeader extendedHeader = new ExtendedRequestHeader();
    private final ContextFilter filter = new ContextFilter();

    private int magic;
    private int flags;
    private int type;
    private long cookie;
    private long offset;
    private long length;
    private long payloadBytes;
    private int contexts;

    Request(ReplyStyle style) {
        this.extended = style == ReplyStyle.EXTENDED;
        this.headerBytes = style.requestHeaderBytes();
    }

    int headerBytes() {
        return headerBytes;
    }

    /** Reads the header at {@code start}; a BLOCK_STATUS is then about {@code chosenContexts}. */
    void read(MemorySegment buffer, long start, int chosenContexts) {
        contexts = chosenContexts;
        if (extended) {
            ExtendedRequestHeader header = extendedHeader.wrap(buffer, start);
            magic = header.magic();
            flags = header.flags();
            type = header.type();
            cookie = header.requestCookie();
            offset = header.fromOffset();
            length = header.length();
            payloadBytes = (flags & CommandFlags.PAYLOAD_LEN) != 0 ? length : 0;
        } else {
            RequestHeader header = compactHeader.wrap(buffer, start);
            magic = header.magic();
            flags = header.flags();
            type = header.type();
            cookie = header.requestCookie();
            offset = header.fromOffset();
            length = header.length();
            payloadBytes = type == NbdCommand.WRITE ? length : 0;
        }
    }

    /** Whether what was read is a request at all. */
    boolean isRequest() {
        return magic == (extended ? ExtendedRequestHeader.MAGIC : RequestHeader.MAGIC);
    }

    /** For the log. */
    int magic() {
        return magic;
    }

    /** {@code true} for a BLOCK_STATUS whose payload tells range and contexts; see {@link #readFilter}. */
    boolean hasFilter() {
        return extended && type == NbdCommand.BLOCK_STATUS && (flags & CommandFlags.PAYLOAD_LEN) != 0;
    }

    /** Replaces range and contexts by those of the payload at {@code start}; no contexts when it is not valid. */
    void readFilter(MemorySegment buffer, long start) {
        filter.wrap(buffer, start);
        contexts = filter.contexts(payloadBytes, contexts);
        length = filter.length();
    }

    /** A filter of a length that is never valid. */
    void refuseFilter() {
        contexts = 0;
    }

    int flags() {
        return flags;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int type() {
        return type;
    }

    long cookie() {
        return cookie;
    }

    /** First byte of the range; negative stands for 2^63 and more. */
    long offset() {
        return offset;
    }

    /** Bytes of the range; negative stands for 2^63 and more. */
    long length() {
        return length;
    }

    /** Bytes that follow the header; negative stands for 2^63 and more. */
    long payloadBytes() {
        return payloadBytes;
    }

    /** Bits of the contexts that a BLOCK_STATUS is about. */
    int contexts() {
        return contexts;
    }
}
