package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.BlockStatus;
import io.blkspc.nbd.protocol.BlockStatusExtent;
import io.blkspc.nbd.protocol.ChunkError;
import io.blkspc.nbd.protocol.ChunkHeader;
import io.blkspc.nbd.protocol.ExtendedBlockStatus;
import io.blkspc.nbd.protocol.ExtendedBlockStatusExtent;
import io.blkspc.nbd.protocol.ExtendedChunkHeader;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.OffsetData;
import io.blkspc.nbd.protocol.OffsetHole;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.SimpleReply;
import java.lang.foreign.MemorySegment;

/**
 * Writes replies in the style of one connection into any buffer; each method returns the offset after what it wrote. {@code
 * requestOffset} is the offset in the request, which extended headers repeat. Owned by one thread.
 *
 * <p>The success of commands other than READ and BLOCK_STATUS is a simple reply also after structured ones were agreed, which is
 * legal and shorter. An error is a chunk then, because that has words.
 */
final class ReplyEncoder {

    /** The longest chunk of zeros. */
    static final int MAX_HOLE_BYTES = ExtendedChunkHeader.BYTES + OffsetHole.BYTES;

    /** The longest reply without data. */
    static final int MAX_PLAIN_BYTES = ExtendedChunkHeader.BYTES + ChunkError.BYTES + ErrorText.MAX_BYTES;

    private final boolean extended;
    private final boolean chunked;
    private final int headerBytes;
    private final SimpleReply simple = new SimpleReply();
    private final ChunkHeader chunk = new ChunkHeader();
    private final ExtendedChunkHeader extendedChunk = new ExtendedChunkHeader();
    private final OffsetData offsetData = new OffsetData();
    private final OffsetHole offsetHole = new OffsetHole();
    private final ChunkError chunkError = new ChunkError();
    private final BlockStatus status = new BlockStatus();
    private final ExtendedBlockStatus extendedStatus = new ExtendedBlockStatus();
    private final BlockStatusExtent extent = new BlockStatusExtent();
    private final ExtendedBlockStatusExtent extendedExtent = new ExtendedBlockStatusExtent();

    ReplyEncoder(ReplyStyle style) {
        this.extended = style == ReplyStyle.EXTENDED;
        this.chunked = style.chunked();
        this.headerBytes = style.chunkHeaderBytes();
    }

    /** Bytes before the data of a chunk of data. */
    int dataHeadBytes() {
        return headerBytes + OffsetData.BYTES;
    }

    /** Bytes before the extents of a chunk of extents. */
    int statusHeadBytes() {
        return headerBytes + (extended ? ExtendedBlockStatus.BYTES : BlockStatus.BYTES);
    }

    /** The whole reply to a command that is answered without data. */
    int plain(MemorySegment buffer, int at, long requestCookie, long requestOffset, int error) {
        if (extended || (chunked && error != NbdError.NONE)) {
            return last(buffer, at, requestCookie, requestOffset, error);
        }
        return simple(buffer, at, requestCookie, error);
    }

    /** A simple reply; after one without error the data of a READ follows at the returned offset. */
    int simple(MemorySegment buffer, int at, long requestCookie, int error) {
        simple.wrap(buffer, at).magic(SimpleReply.MAGIC).error(error).requestCookie(requestCookie);
        return at + SimpleReply.BYTES;
    }

    /** The head of a chunk of data; its bytes follow at the returned offset. */
    int data(
            MemorySegment buffer,
            int at,
            long requestCookie,
            long requestOffset,
            long offset,
            long length,
            boolean done) {
        header(buffer, at, requestCookie, requestOffset, ChunkHeader.OFFSET_DATA, OffsetData.BYTES + length, done);
        offsetData.wrap(buffer, at + headerBytes).atOffset(offset);
        return at + dataHeadBytes();
    }

    int hole(
            MemorySegment buffer,
            int at,
            long requestCookie,
            long requestOffset,
            long offset,
            long length,
            boolean done) {
        header(buffer, at, requestCookie, requestOffset, ChunkHeader.OFFSET_HOLE, OffsetHole.BYTES, done);
        offsetHole.wrap(buffer, at + headerBytes).atOffset(offset).length(length);
        return at + headerBytes + OffsetHole.BYTES;
    }

    /** The last chunk of a reply in chunks: an error, or nothing more. */
    int last(MemorySegment buffer, int at, long requestCookie, long requestOffset, int error) {
        if (error == NbdError.NONE) {
            header(buffer, at, requestCookie, requestOffset, ChunkHeader.NONE, 0, true);
            return at + headerBytes;
        }
        MemorySegment text = ErrorText.of(error);
        int textBytes = (int) text.byteSize();
        header(buffer, at, requestCookie, requestOffset, ChunkHeader.ERROR, ChunkError.BYTES + textBytes, true);
        chunkError.wrap(buffer, at + headerBytes).error(error).messageLength(textBytes);
        int textAt = at + headerBytes + ChunkError.BYTES;
        MemorySegment.copy(text, 0, buffer, textAt, textBytes);
        return textAt + textBytes;
    }

    /** The head of a chunk of extents, which follow at {@code at} + {@link #statusHeadBytes}. */
    void status(
            MemorySegment buffer,
            int at,
            long requestCookie,
            long requestOffset,
            int contextId,
            int extentCount,
            boolean done) {
        int type = extended ? ChunkHeader.BLOCK_STATUS_EXT : ChunkHeader.BLOCK_STATUS;
        long length = statusHeadBytes() - headerBytes + (long) extentCount * extentBytes();
        header(buffer, at, requestCookie, requestOffset, type, length, done);
        if (extended) {
            extendedStatus.wrap(buffer, at + headerBytes).contextId(contextId).extentCount(extentCount);
        } else {
            status.wrap(buffer, at + headerBytes).contextId(contextId);
        }
    }

    int extentBytes() {
        return extended ? ExtendedBlockStatusExtent.BYTES : BlockStatusExtent.BYTES;
    }

    int extent(MemorySegment buffer, int at, long length, int flags) {
        if (extended) {
            extendedExtent.wrap(buffer, at).length(length).flags(flags);
        } else {
            extent.wrap(buffer, at).length(length).flags(flags);
        }
        return at + extentBytes();
    }

    private void header(
            MemorySegment buffer, int at, long requestCookie, long requestOffset, int type, long length, boolean done) {
        int flags = done ? ChunkHeader.DONE : 0;
        if (extended) {
            extendedChunk
                    .wrap(buffer, at)
                    .magic(ExtendedChunkHeader.MAGIC)
                    .flags(flags)
                    .type(type)
                    .requestCookie(requestCookie)
                    .requestOffset(requestOffset)
                    .length(length);
        } else {
            chunk.wrap(buffer, at)
                    .magic(ChunkHeader.MAGIC)
                    .flags(flags)
                    .type(type)
                    .requestCookie(requestCookie)
                    .length(length);
        }
    }
}
