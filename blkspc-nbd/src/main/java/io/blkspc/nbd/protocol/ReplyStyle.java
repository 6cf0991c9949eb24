package io.blkspc.nbd.protocol;

/** Which headers a connection agreed on; each includes what those before it can say. */
public enum ReplyStyle {
    /** {@link RequestHeader} and {@link SimpleReply}. */
    SIMPLE,
    /** {@link RequestHeader}; {@link ChunkHeader} for replies with data, {@link SimpleReply} for others. */
    STRUCTURED,
    /** {@link ExtendedRequestHeader} and {@link ExtendedChunkHeader}, and nothing else. */
    EXTENDED;

    /** {@code true} when replies with data come in chunks. */
    public boolean chunked() {
        return this != SIMPLE;
    }

    /** Length in bytes of the header of a request. */
    public int requestHeaderBytes() {
        return this == EXTENDED ? ExtendedRequestHeader.BYTES : RequestHeader.BYTES;
    }

    /** Length in bytes of the header of a chunk. */
    public int chunkHeaderBytes() {
        return this == EXTENDED ? ExtendedChunkHeader.BYTES : ChunkHeader.BYTES;
    }
}
