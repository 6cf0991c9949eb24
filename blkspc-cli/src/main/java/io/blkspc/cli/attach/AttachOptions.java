package io.blkspc.cli.attach;

/**
 * How to attach.
 *
 * @param index number of the device, negative for any free one
 * @param connections to the server, 1 to {@link #MAX_CONNECTIONS}
 * @param readOnly no writes, whatever the export allows
 * @param timeoutSeconds a request without an answer for that long is sent again on another connection
 * @param deadSeconds requests wait that long for a server that went away, then they fail
 */
public record AttachOptions(int index, int connections, boolean readOnly, long timeoutSeconds, long deadSeconds) {

    /** Most connections. */
    public static final int MAX_CONNECTIONS = 16;

    /** What disk images and partition tables count on. */
    static final long BLOCK_BYTES = 512;

    private static final int READ_ONLY = 1 << 1;

    /** Transmission flags of the device for those of the export. */
    long flags(int exportFlags) {
        return readOnly ? exportFlags | READ_ONLY : exportFlags;
    }
}
