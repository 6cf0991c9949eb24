package io.blkspc.nbd.testing;

import io.blkspc.nbd.NbdAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A small NBD client for tests: pipelined requests with {@link #send} and {@link #take}, or one at a time. Checks every
 * reply against the protocol and fails with an {@link AssertionError} when it is broken. One thread.
 */
public final class NbdTestClient implements AutoCloseable {

    public static final int READ = 0;
    public static final int WRITE = 1;
    public static final int DISC = 2;
    public static final int FLUSH = 3;
    public static final int TRIM = 4;
    public static final int CACHE = 5;
    public static final int WRITE_ZEROES = 6;
    public static final int BLOCK_STATUS = 7;

    public static final int FUA = 1;
    public static final int NO_HOLE = 2;
    public static final int DF = 4;
    public static final int REQ_ONE = 8;
    public static final int FAST_ZERO = 16;
    public static final int PAYLOAD_LEN = 32;

    public static final int EPERM = 1;
    public static final int EIO = 5;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EOVERFLOW = 75;
    public static final int ESHUTDOWN = 108;

    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int CHUNK_MAGIC = 0x668e33ef;
    private static final byte[] NO_DATA = new byte[0];
    private static final int EXTENDED_CHUNK_MAGIC = 0x6e8a278c;

    /** The contexts asked for unless a test says otherwise. */
    private static final String[] DEFAULT_CONTEXTS = {"base:allocation"};

    private final RawNbd raw;
    private final Headers headers;
    private final long sizeBytes;
    private final int flags;
    private final List<String> contexts;
    private final Map<Long, Pending> pending = new HashMap<>();
    private long nextCookie = 0x1122334455660000L;

    /** A request that was sent. */
    private static final class Pending {
        final int type;
        final long offset;
        final byte[] data;
        final boolean[] seen;
        final Map<Integer, List<Extent>> extents = new TreeMap<>();
        int chunks;
        int holes;
        int error;

        Pending(int type, long offset, int dataBytes) {
            this.type = type;
            this.offset = offset;
            this.data = type == READ ? new byte[dataBytes] : NO_DATA;
            this.seen = new boolean[data.length];
        }
    }

    /** One extent of a BLOCK_STATUS reply. */
    public record Extent(long length, int flags) {}

    /** A complete reply; {@code chunks} is 0 for a simple one, {@code status} is by context id. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Reply(long cookie, int error, byte[] data, int chunks, int holes, Map<Integer, List<Extent>> status) {

        /** Extents of the only context. */
        public List<Extent> extents() {
            check(status.size() == 1, "one context");
            return status.values().iterator().next();
        }
    }

    private NbdTestClient(RawNbd raw, Headers headers, long sizeBytes, int flags, List<String> contexts) {
        this.raw = raw;
        this.headers = headers;
        this.sizeBytes = sizeBytes;
        this.flags = flags;
        this.contexts = contexts;
    }

    /** Connects to one export; with {@code structured} also chooses base:allocation. */
    public static NbdTestClient open(NbdAddress address, String export, boolean structured) throws IOException {
        return open(address, export, structured ? Headers.STRUCTURED : Headers.SIMPLE);
    }

    /** Connects to one export; with headers for it also chooses base:allocation. */
    public static NbdTestClient open(NbdAddress address, String export, Headers headers) throws IOException {
        return open(address, export, headers, DEFAULT_CONTEXTS);
    }

    /** Connects to one export and chooses contexts, where the headers are for it. */
    public static NbdTestClient open(NbdAddress address, String export, Headers headers, String... queries)
            throws IOException {
        RawNbd raw = RawNbd.connect(address);
        raw.greet(3);
        if (address instanceof NbdAddress.Tcp tcp && tcp.protection() == NbdAddress.Protection.TLS) {
            raw.startTls(TestCertificates.clientEngine());
        }
        List<String> contexts = new ArrayList<>();
        if (headers.chunked()) {
            int option = headers == Headers.EXTENDED ? RawNbd.OPT_EXTENDED_HEADERS : RawNbd.OPT_STRUCTURED_REPLY;
            require(raw.ask(option, new byte[0]).getLast());
            for (RawNbd.OptionReply reply : raw.ask(RawNbd.OPT_SET_META_CONTEXT, RawNbd.metaData(export, queries))) {
                require(reply);
                if (reply.type() == RawNbd.REP_META_CONTEXT) {
                    contexts.add(reply.text().substring(4));
                    check(ByteBuffer.wrap(reply.data()).getInt() != 0, "a chosen context has an id");
                }
            }
        }
        long size = -1;
        int flags = 0;
        for (RawNbd.OptionReply reply : raw.ask(RawNbd.OPT_GO, RawNbd.infoData(export))) {
            require(reply);
            ByteBuffer data = ByteBuffer.wrap(reply.data());
            if (reply.type() == RawNbd.REP_INFO && data.getShort() == 0) {
                size = data.getLong();
                flags = Short.toUnsignedInt(data.getShort());
            }
        }
        return new NbdTestClient(raw, headers, size, flags, contexts);
    }

    private static void require(RawNbd.OptionReply reply) throws IOException {
        if (reply.isError()) {
            throw new IOException(
                    "server refused: type=" + Integer.toHexString(reply.type()) + ", text=" + reply.text());
        }
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    public int flags() {
        return flags;
    }

    /** Names of the contexts that were agreed, in the order of the server's replies. */
    public List<String> contexts() {
        return contexts;
    }

    /** The socket below, for a test that wants to misbehave. */
    public RawNbd raw() {
        return raw;
    }

    /** Requests that have no reply yet. */
    public int inFlight() {
        return pending.size();
    }

    /** Sends a request without waiting and returns its cookie. */
    public long send(int type, int requestFlags, long offset, long length, byte[] payload) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(headers.requestBytes() + payload.length);
        long cookie = encode(all, type, requestFlags, offset, length, payload);
        if (type == DISC) {
            pending.remove(cookie);
        }
        raw.send(all.flip());
        return cookie;
    }

    /** Several requests in one send: what {@link #encode} made. */
    public void sendEncoded(ByteBuffer requests) throws IOException {
        raw.send(requests);
    }

    /** Encodes a request for {@link #sendEncoded} and expects its reply. */
    public long encode(ByteBuffer target, int type, int requestFlags, long offset, long length, byte[] payload) {
        return encodeAs(target, type, requestFlags, offset, length, payload, type == READ ? (int) length : 0);
    }

    /** As {@link #encode}, for a request whose length may lie: {@code dataBytes} is what a READ is to answer. */
    public long encodeAs(
            ByteBuffer target, int type, int requestFlags, long offset, long length, byte[] payload, int dataBytes) {
        long cookie = nextCookie++;
        if (headers == Headers.EXTENDED) {
            int allFlags = type == WRITE ? requestFlags | PAYLOAD_LEN : requestFlags;
            target.put(RawNbd.extendedRequest(type, allFlags, cookie, offset, length));
        } else {
            target.put(RawNbd.request(type, requestFlags, cookie, offset, (int) length));
        }
        target.put(payload);
        pending.put(cookie, new Pending(type, offset, dataBytes));
        return cookie;
    }

    /** Asks for the status of a range in some contexts only: a payload that names them by id. */
    public Reply filteredStatus(int requestFlags, long offset, long length, int... ids) throws IOException {
        ByteBuffer payload = ByteBuffer.allocate(8 + 4 * ids.length).putLong(length);
        for (int id : ids) {
            payload.putInt(id);
        }
        return call(BLOCK_STATUS, requestFlags | PAYLOAD_LEN, offset, payload.capacity(), payload.array());
    }

    /** Waits for any request to be answered completely. */
    public Reply take() throws IOException {
        while (true) {
            int magic = raw.read(4).getInt();
            Reply reply = switch (magic) {
                case SIMPLE_MAGIC -> simple();
                case CHUNK_MAGIC -> chunk(false);
                case EXTENDED_CHUNK_MAGIC -> chunk(true);
                default -> throw new AssertionError("not a reply: magic=" + Integer.toHexString(magic));
            };
            if (reply != null) {
                return reply;
            }
        }
    }

    private Reply simple() throws IOException {
        ByteBuffer header = raw.read(12);
        int error = header.getInt();
        long cookie = header.getLong();
        Pending request = pending.remove(cookie);
        check(request != null, "reply without a request: cookie=" + cookie);
        boolean wantsChunks = request.type == READ || request.type == BLOCK_STATUS;
        check(headers != Headers.EXTENDED, "simple reply after extended headers");
        check(headers == Headers.SIMPLE || !wantsChunks, "simple reply to a request that needs chunks");
        if (request.type == READ && error == 0) {
            raw.read(request.data.length).get(request.data);
        }
        return new Reply(cookie, error, request.data, 0, 0, Map.of());
    }

    private Reply chunk(boolean extended) throws IOException {
        check(headers == (extended ? Headers.EXTENDED : Headers.STRUCTURED), "chunk without agreement");
        ByteBuffer header = raw.read(extended ? 28 : 16);
        int chunkFlags = header.getShort();
        int type = Short.toUnsignedInt(header.getShort());
        long cookie = header.getLong();
        Pending request = pending.get(cookie);
        check(request != null, "chunk without a request: cookie=" + cookie);
        check(!extended || header.getLong() == request.offset, "the offset is that of the request");
        long length = extended ? header.getLong() : Integer.toUnsignedLong(header.getInt());
        check(length <= 65 << 20, "no chunk is that long: length=" + length);
        ByteBuffer body = raw.read((int) length);
        request.chunks++;
        switch (type) {
            case 0 -> check(body.capacity() == 0 && chunkFlags == 1, "NONE is empty and last");
            case 1 -> data(request, body.getLong(), body);
            case 2 -> hole(request, body);
            case 5, 6 -> {
                check(extended == (type == 6), "the kind of extents goes with the headers");
                status(request, body, extended);
            }
            case 0x8001 -> {
                request.error = body.getInt();
                check(request.error != 0, "an error chunk has an error");
                check(body.getShort() == body.remaining() && body.hasRemaining(), "an error has words of that length");
            }
            default -> throw new AssertionError("unknown chunk: type=" + type);
        }
        if (chunkFlags == 0) {
            return null;
        }
        check(chunkFlags == 1, "only DONE is a chunk flag");
        pending.remove(cookie);
        check(
                request.type != BLOCK_STATUS || request.error != 0 || !request.extents.isEmpty(),
                "a status has a chunk for each context");
        if (request.type == READ && request.error == 0) {
            for (boolean b : request.seen) {
                check(b, "a byte was not sent");
            }
        }
        return new Reply(cookie, request.error, request.data, request.chunks, request.holes, request.extents);
    }

    private static void status(Pending request, ByteBuffer body, boolean extended) {
        check(request.type == BLOCK_STATUS, "extents answer BLOCK_STATUS");
        int context = body.getInt();
        check(!extended || body.getInt() == body.remaining() / 16, "number of extents");
        List<Extent> extents = new ArrayList<>();
        while (body.hasRemaining()) {
            long extentLength = extended ? body.getLong() : Integer.toUnsignedLong(body.getInt());
            long extentFlags = extended ? body.getLong() : body.getInt();
            check(extentLength > 0 && extentFlags >> 32 == 0, "extent");
            extents.add(new Extent(extentLength, (int) extentFlags));
        }
        check(!extents.isEmpty(), "at least one extent");
        check(request.extents.put(context, List.copyOf(extents)) == null, "a context is told once");
    }

    private static void data(Pending request, long offset, ByteBuffer body) {
        int start = mark(request, offset, body.remaining());
        body.get(request.data, start, body.remaining());
    }

    private static void hole(Pending request, ByteBuffer body) {
        long offset = body.getLong();
        int count = body.getInt();
        check(!body.hasRemaining(), "hole chunk length");
        mark(request, offset, count);
        request.holes++;
    }

    private static int mark(Pending request, long offset, int count) {
        int start = (int) (offset - request.offset);
        check(count > 0 && start >= 0 && start + count <= request.data.length, "chunk outside of the request");
        for (int i = start; i < start + count; i++) {
            check(!request.seen[i], "a byte was sent twice");
            request.seen[i] = true;
        }
        return start;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("protocol broken: " + what);
        }
    }

    /** Sends one request and waits for its reply; nothing else may be in flight. */
    public Reply call(int type, int requestFlags, long offset, long length, byte[] payload) throws IOException {
        long cookie = send(type, requestFlags, offset, length, payload);
        Reply reply = take();
        check(reply.cookie() == cookie, "reply to another request");
        return reply;
    }

    public byte[] read(long offset, int length) throws IOException {
        return succeed(call(READ, 0, offset, length, new byte[0])).data();
    }

    public void write(long offset, byte[] data, int requestFlags) throws IOException {
        succeed(call(WRITE, requestFlags, offset, data.length, data));
    }

    public void write(long offset, byte[] data) throws IOException {
        write(offset, data, 0);
    }

    public void zero(long offset, long length, int requestFlags) throws IOException {
        succeed(call(WRITE_ZEROES, requestFlags, offset, length, new byte[0]));
    }

    public void trim(long offset, long length) throws IOException {
        succeed(call(TRIM, 0, offset, length, new byte[0]));
    }

    public void flush() throws IOException {
        succeed(call(FLUSH, 0, 0, 0, new byte[0]));
    }

    /** The error a request is answered with. */
    public int errorOf(int type, int requestFlags, long offset, long length, byte[] payload) throws IOException {
        return call(type, requestFlags, offset, length, payload).error();
    }

    private static Reply succeed(Reply reply) throws IOException {
        if (reply.error() != 0) {
            throw new IOException("request failed: error=" + reply.error());
        }
        return reply;
    }

    /** Says goodbye and waits until the server closes. */
    public void disconnect() throws IOException {
        send(DISC, 0, 0, 0, new byte[0]);
        while (!pending.isEmpty()) {
            take();
        }
        check(raw.isClosedByServer(), "server closes after DISC");
        close();
    }

    /** Closes the socket at once. */
    @Override
    public void close() {
        raw.close();
    }
}
