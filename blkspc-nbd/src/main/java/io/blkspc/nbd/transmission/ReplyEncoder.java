package io.blkspc.nbd.transmission;

import io.blkspc.nbd.protocol.ChunkError;
import io.blkspc.nbd.protocol.ChunkHeader;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.OffsetData;
import io.blkspc.nbd.protocol.OffsetHole;
import io.blkspc.nbd.protocol.SimpleReply;
import java.lang.foreign.MemorySegment;

/**
 * Writes replies into any buffer; each method returns the offset after what it wrote. Owned by one thread.
 *
 * <p>Commands other than READ and BLOCK_STATUS get simple replies also after structured ones were agreed, which is legal
 * and shorter.
 */
final class ReplyEncoder {

    /** Bytes before the data of a chunk of data. */
    static final int DATA_CHUNK_BYTES = ChunkHeader.BYTES + OffsetData.BYTES;

    /** A chunk of zeros. */
    static final int HOLE_CHUNK_BYTES = ChunkHeader.BYTES + OffsetHole.BYTES;

    /** The longest reply without data. */
    static final int MAX_PLAIN_BYTES = HOLE_CHUNK_BYTES;

    private final SimpleReply simple = new SimpleReply();
    private final ChunkHeader chunk = new ChunkHeader();
    private final OffsetData offsetData = new OffsetData();
    private final OffsetHole offsetHole = new OffsetHole();
    private final ChunkError chunkError = new ChunkError();

    int simple(MemorySegment buffer, int at, long requestCookie, int error) {
        simple.wrap(buffer, at).magic(SimpleReply.MAGIC).error(error).requestCookie(requestCookie);
        return at + SimpleReply.BYTES;
    }

    /** The head of a chunk of data; its bytes follow at the returned offset. */
    int data(MemorySegment buffer, int at, long requestCookie, long offset, long length, boolean done) {
        header(buffer, at, requestCookie, ChunkHeader.OFFSET_DATA, OffsetData.BYTES + length, done);
        offsetData.wrap(buffer, at + ChunkHeader.BYTES).atOffset(offset);
        return at + DATA_CHUNK_BYTES;
    }

    int hole(MemorySegment buffer, int at, long requestCookie, long offset, long length, boolean done) {
        header(buffer, at, requestCookie, ChunkHeader.OFFSET_HOLE, OffsetHole.BYTES, done);
        offsetHole.wrap(buffer, at + ChunkHeader.BYTES).atOffset(offset).length(length);
        return at + HOLE_CHUNK_BYTES;
    }

    /** The last chunk of a structured reply: an error, or nothing more. */
    int last(MemorySegment buffer, int at, long requestCookie, int error) {
        if (error == NbdError.NONE) {
            header(buffer, at, requestCookie, ChunkHeader.NONE, 0, true);
            return at + ChunkHeader.BYTES;
        }
        header(buffer, at, requestCookie, ChunkHeader.ERROR, ChunkError.BYTES, true);
        chunkError.wrap(buffer, at + ChunkHeader.BYTES).error(error).messageLength(0);
        return at + ChunkHeader.BYTES + ChunkError.BYTES;
    }

    void header(MemorySegment buffer, int at, long requestCookie, int type, long length, boolean done) {
        chunk.wrap(buffer, at)
                .magic(ChunkHeader.MAGIC)
                .flags(done ? ChunkHeader.DONE : 0)
                .type(type)
                .requestCookie(requestCookie)
                .length(length);
    }
}
