package io.blkspc.nbd.testing;

import java.util.List;

/** The headers a test client asks for. */
public enum Headers {
    SIMPLE,
    STRUCTURED,
    EXTENDED;

    private static final List<Headers> ALL = List.of(values());

    /** Takes turns. */
    public static Headers turn(int number) {
        return ALL.get(number % ALL.size());
    }

    /** {@code true} when replies with data come in chunks. */
    public boolean chunked() {
        return this != SIMPLE;
    }

    /** Bytes of a request without payload. */
    public int requestBytes() {
        return this == EXTENDED ? 32 : 28;
    }
}
