package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.transport.ReplyMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request, or several that one force answers, that waits for the medium on a worker. Reused; filled by the connection's
 * thread, run by one worker, sent by the lane's sender, one after the other.
 */
final class SlowRequest implements Runnable {

    /** Most replies one force may release. */
    static final int MAX_COOKIES = 128;

    private static final Logger log = LoggerFactory.getLogger("blkspc.data");

    private enum Kind {
        READ,
        CHUNKED_READ,
        FLUSH,
        TRIM,
        ZERO
    }

    private final SlowLane lane;
    private final BlockSpace space;
    private final ReplyStyle style;
    private final ReplyEncoder encoder;
    private final long[] cookies = new long[MAX_COOKIES];
    private final long[] requestOffsets = new long[MAX_COOKIES];
    private SpaceIo io;

    private Kind kind;
    private int cookieCount;
    private int flags;
    private long offset;
    private long length;
    private ReplyMemory memory;
    private int replyBytes;

    SlowRequest(SlowLane lane, BlockSpace space, ReplyStyle style) {
        this.lane = lane;
        this.space = space;
        this.style = style;
        this.encoder = new ReplyEncoder(style);
    }

    /** Memory that a read of {@code length} bytes needs: no run but the first and last is shorter than a block. */
    static long readBytes(long length) {
        return length + (length / 4096 + 3) * ReplyEncoder.MAX_HOLE_BYTES + ReplyEncoder.MAX_PLAIN_BYTES;
    }

    /** Memory that any other request needs. */
    static int replyBytes() {
        return MAX_COOKIES * ReplyEncoder.MAX_PLAIN_BYTES;
    }

    void begin(ReplyMemory replyMemory) {
        memory = replyMemory;
        cookieCount = 0;
        replyBytes = 0;
    }

    // What to do; then addReply tells whom it answers.

    SlowRequest read(int requestFlags, long from, long count) {
        return fill(style.chunked() ? Kind.CHUNKED_READ : Kind.READ, requestFlags, from, count);
    }

    SlowRequest trim(int requestFlags, long from, long count) {
        return fill(Kind.TRIM, requestFlags, from, count);
    }

    SlowRequest zero(int requestFlags, long from, long count) {
        return fill(Kind.ZERO, requestFlags, from, count);
    }

    /** A force for one range, or for everything when {@code count} is 0. */
    SlowRequest flush(long from, long count) {
        return fill(Kind.FLUSH, 0, from, count);
    }

    SlowRequest addReply(long requestCookie, long requestOffset) {
        cookies[cookieCount] = requestCookie;
        requestOffsets[cookieCount++] = requestOffset;
        return this;
    }

    private SlowRequest fill(Kind newKind, int newFlags, long newOffset, long newLength) {
        kind = newKind;
        flags = newFlags;
        offset = newOffset;
        length = newLength;
        return this;
    }

    ReplyMemory memory() {
        return memory;
    }

    int encodedBytes() {
        return replyBytes;
    }

    ReplyMemory takeMemory() {
        ReplyMemory taken = memory;
        memory = null;
        return taken;
    }

    void close() {
        if (io != null) {
            io.close();
        }
    }

    @Override
    @SuppressWarnings("checkstyle:illegalcatch")
    public void run() {
        try {
            serve();
        } catch (BlockSpaceException e) {
            encodeError(NbdError.of(e.code()));
        } catch (Throwable t) {
            lane.countFault();
            log.error("a request failed in a way nobody foresaw: {}", kind, t);
            encodeError(NbdError.EIO);
        } finally {
            lane.complete(this);
        }
    }

    private void serve() {
        if (io == null) {
            io = SpaceIo.on(space);
        }
        boolean fua = (flags & CommandFlags.FUA) != 0;
        switch (kind) {
            case READ -> {
                io.read(offset, length, memory.segment(), SimpleReply.BYTES);
                encoder.simple(memory.segment(), 0, cookies[0], NbdError.NONE);
                replyBytes = SimpleReply.BYTES + (int) length;
            }
            case CHUNKED_READ -> chunkedRead();
            case FLUSH -> {
                if (length == 0) {
                    space.flush();
                } else {
                    space.flush(offset, length);
                }
                encodePlain(NbdError.NONE);
            }
            case TRIM -> {
                io.trim(offset, length, fua);
                encodePlain(NbdError.NONE);
            }
            case ZERO -> {
                io.zero(offset, length, (flags & CommandFlags.NO_HOLE) != 0, fua);
                encodePlain(NbdError.NONE);
            }
        }
    }

    private void chunkedRead() {
        int at = 0;
        if ((flags & CommandFlags.DF) != 0) {
            int data = encoder.data(memory.segment(), 0, cookies[0], requestOffsets[0], offset, length, true);
            io.read(offset, length, memory.segment(), data);
            replyBytes = data + (int) length;
            return;
        }
        int head = encoder.dataHeadBytes();
        long requestOffset = requestOffsets[0];
        long from = offset;
        long end = offset + length;
        while (from < end) {
            long run = io.readRun(from, end - from, memory.segment(), at + (long) head, false);
            if (run > 0) {
                at = encoder.data(memory.segment(), at, cookies[0], requestOffset, from, run, from + run == end)
                        + (int) run;
                from += run;
            } else {
                at = encoder.hole(memory.segment(), at, cookies[0], requestOffset, from, -run, from - run == end);
                from -= run;
            }
            replyBytes = at; // chunks that are complete stay, also when a later one fails
        }
    }

    private void encodePlain(int error) {
        int at = 0;
        for (int i = 0; i < cookieCount; i++) {
            at = encoder.plain(memory.segment(), at, cookies[i], requestOffsets[i], error);
        }
        replyBytes = at;
    }

    private void encodeError(int error) {
        if (kind == Kind.CHUNKED_READ) {
            replyBytes = encoder.last(memory.segment(), replyBytes, cookies[0], requestOffsets[0], error);
        } else {
            encodePlain(error);
        }
    }
}
