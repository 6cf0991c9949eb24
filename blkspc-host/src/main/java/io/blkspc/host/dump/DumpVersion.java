package io.blkspc.host.dump;

import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Payload of a VERSION record: one volume or snapshot, or a hidden version that several others grew from. Parents come before
 * their children. Little-endian; a string is a 2-byte length and UTF-8.
 *
 * <pre>
 *  offset size field           meaning
 *       0    8 id
 *       8   16 uuid
 *      24    8 parentId        0 = none
 *      32    8 freezeEpoch     0 = a head
 *      40    8 sizeBytes
 *      48    8 createdMillis   Unix time
 *      56    8 originId        0 = none
 *      64    8 guaranteeBlocks
 *      72    8 limitBlocks
 *      80    - name            string, empty = hidden
 *       -    - tags            strings, those that hold it
 * </pre>
 */
public record DumpVersion(
        long id,
        UUID uuid,
        long parentId,
        long freezeEpoch,
        long sizeBytes,
        long createdMillis,
        long originId,
        long guaranteeBlocks,
        long limitBlocks,
        String name,
        List<String> tags) {

    static final int NAME_OFFSET = 80;

    /** Appends the payload. */
    public void write(RecordWriter to) {
        to.putLong(id)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .putLong(parentId)
                .putLong(freezeEpoch)
                .putLong(sizeBytes)
                .putLong(createdMillis)
                .putLong(originId)
                .putLong(guaranteeBlocks)
                .putLong(limitBlocks)
                .putUtf8(name);
        tags.forEach(to::putUtf8);
    }

    /** Reads a payload. */
    public static DumpVersion read(RecordReader from) {
        long id = from.getLong();
        UUID uuid = new UUID(from.getLong(), from.getLong());
        long[] fields = new long[7];
        for (int i = 0; i < fields.length; i++) {
            fields[i] = from.getLong();
        }
        String name = from.getUtf8();
        List<String> tags = new ArrayList<>();
        while (from.remaining() > 0) {
            tags.add(from.getUtf8());
        }
        return new DumpVersion(
                id,
                uuid,
                fields[0],
                fields[1],
                fields[2],
                fields[3],
                fields[4],
                fields[5],
                fields[6],
                name,
                List.copyOf(tags));
    }
}
