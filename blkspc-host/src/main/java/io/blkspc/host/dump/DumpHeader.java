package io.blkspc.host.dump;

import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordWriter;
import java.util.UUID;

/**
 * Payload of the HEADER record: what the pool was that was dumped. Little-endian.
 *
 * <pre>
 *  offset size field            meaning
 *       0    4 format           {@value #FORMAT}
 *       4    4 reserved         zero
 *       8    8 incompatFeatures as in the superblock: who does not know them all must not restore it
 *      16   16 poolUuid         of the pool that was dumped; a restored one has its own
 *      32    8 createdMillis    when it was dumped, Unix time
 *      40    8 dataBytes        capacity
 *      48    8 maxNodes
 *      56    8 journalBytes
 *      64    4 segmentBytes
 *      68    4 reserved         zero
 *      72    8 epoch            no birth is later
 *      80    8 nextVersionId    no version has it, or a larger one
 *      88    8 versionCount     VERSION records
 *      96    8 blockCount       blocks of data
 * </pre>
 */
public record DumpHeader(
        long incompatFeatures,
        UUID poolUuid,
        long createdMillis,
        long dataBytes,
        long maxNodes,
        long journalBytes,
        int segmentBytes,
        long epoch,
        long nextVersionId,
        long versionCount,
        long blockCount) {

    /** The one format of this version. */
    public static final int FORMAT = 1;

    static final int BYTES = 104;

    /** Appends the payload. */
    public void write(RecordWriter to) {
        to.putInt(FORMAT)
                .putInt(0)
                .putLong(incompatFeatures)
                .putLong(poolUuid.getMostSignificantBits())
                .putLong(poolUuid.getLeastSignificantBits())
                .putLong(createdMillis)
                .putLong(dataBytes)
                .putLong(maxNodes)
                .putLong(journalBytes)
                .putInt(segmentBytes)
                .putInt(0)
                .putLong(epoch)
                .putLong(nextVersionId)
                .putLong(versionCount)
                .putLong(blockCount);
    }

    /** Reads a payload; the caller judges {@code format} first, with {@link #format}. */
    public static DumpHeader read(RecordReader from) {
        from.getInt();
        requireZero(from);
        long incompatFeatures = from.getLong();
        UUID poolUuid = new UUID(from.getLong(), from.getLong());
        long createdMillis = from.getLong();
        long dataBytes = from.getLong();
        long maxNodes = from.getLong();
        long journalBytes = from.getLong();
        int segmentBytes = from.getInt();
        requireZero(from);
        DumpHeader header = new DumpHeader(
                incompatFeatures,
                poolUuid,
                createdMillis,
                dataBytes,
                maxNodes,
                journalBytes,
                segmentBytes,
                from.getLong(),
                from.getLong(),
                from.getLong(),
                from.getLong());
        from.expectEnd();
        return header;
    }

    /** The format a payload says it has. */
    public static int format(RecordReader from) {
        return from.getInt();
    }

    private static void requireZero(RecordReader from) {
        if (from.getInt() != 0) {
            throw from.corrupt("reserved field is not zero");
        }
    }
}
