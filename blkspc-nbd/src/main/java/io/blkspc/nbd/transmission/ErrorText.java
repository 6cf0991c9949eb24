package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.NbdError;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Words for people in chunks that report an error; made once, so that an error costs no allocation. Immutable. */
final class ErrorText {

    /** Longest text in bytes. */
    static final int MAX_BYTES = 48;

    private static final MemorySegment[] TEXTS = new MemorySegment[128];

    static {
        put(NbdError.EPERM, "the export is read-only");
        put(NbdError.EIO, "the medium failed");
        put(NbdError.EINVAL, "the request is malformed or beyond the end");
        put(NbdError.ENOSPC, "no space in the pool, or beyond the end");
        put(NbdError.EOVERFLOW, "more than one reply can hold");
        put(NbdError.ENOTSUP, "not supported");
        put(NbdError.ESHUTDOWN, "the export went away");
    }

    private ErrorText() {}

    private static void put(int error, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > MAX_BYTES) {
            throw new IllegalStateException("text is too long: " + text);
        }
        TEXTS[error] = MemorySegment.ofArray(bytes);
    }

    /** The text of an error of {@link NbdError}, other than none. */
    static MemorySegment of(int error) {
        return TEXTS[error];
    }
}
