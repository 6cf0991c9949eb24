package io.blkspc.host.dump;

import io.blkspc.api.Geometry;

/**
 * One record of a dump. Little-endian; records follow each other without a gap, from byte 0 on. A dump is one HEADER, then for
 * each version one VERSION and the EXTENTS that belong to it, then DATA by ascending block, then one END, and nothing behind.
 *
 * <pre>
 *  offset size field     meaning
 *       0    4 magic     {@value #MAGIC}, "BDMP"
 *       4    4 crc       CRC-32C of bytes 8 to the end of the payload
 *       8    8 dumpId    drawn anew for each dump, the same in all its records
 *      16    8 sequence  0 for the first record, then one more each
 *      24    4 type      {@link Type#code}
 *      28    4 length    bytes of payload, 0 to {@value #MAX_PAYLOAD_BYTES}
 *      32      payload
 * </pre>
 *
 * <p>EXTENTS payload, {@value #ENTRY_BYTES} bytes for each extent: startBlock u32, blockCount u32, birth u64, target u64 (bits
 * 0-37 physical block, 38-39 state: 1 unwritten, 2 written). By ascending startBlock.
 *
 * <p>DATA payload: physicalBlock u64, blockCount u32 (1 to {@value #DATA_BLOCKS}), reserved u32 (zero), the blocks.
 *
 * <p>END payload: recordCount u64 (with this one), extentCount u64, blockCount u64, as they were written.
 */
public final class DumpRecord {

    static final int MAGIC = 0x504d4442;
    static final int CRC_OFFSET = Integer.BYTES;
    static final int DUMP_ID_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int SEQUENCE_OFFSET = DUMP_ID_OFFSET + Long.BYTES;
    static final int TYPE_OFFSET = SEQUENCE_OFFSET + Long.BYTES;
    static final int LENGTH_OFFSET = TYPE_OFFSET + Integer.BYTES;
    static final int PAYLOAD_OFFSET = LENGTH_OFFSET + Integer.BYTES;

    /** Blocks in one DATA record, at most. */
    public static final int DATA_BLOCKS = 256;

    /** Bytes of one entry of an EXTENTS record. */
    public static final int ENTRY_BYTES = 24;

    /** Entries in one EXTENTS record, at most. */
    public static final int ENTRIES = 16_384;

    /** Bytes of a DATA payload before the blocks. */
    public static final int DATA_HEADER_BYTES = 16;

    static final int MAX_PAYLOAD_BYTES = DATA_HEADER_BYTES + DATA_BLOCKS * Geometry.BLOCK_BYTES;

    /** What a record holds. */
    public enum Type {
        /** What the pool is: {@link DumpHeader}. */
        HEADER(1),
        /** One version: {@link DumpVersion}. */
        VERSION(2),
        /** What the version before maps. */
        EXTENTS(3),
        /** Blocks of data. */
        DATA(4),
        /** The dump is whole. */
        END(5);

        private final int code;

        Type(int code) {
            this.code = code;
        }

        /** Number on the medium. */
        int code() {
            return code;
        }

        /** The type of that number, or {@code null}. */
        static Type of(int code) {
            for (Type type : values()) {
                if (type.code == code) {
                    return type;
                }
            }
            return null;
        }
    }

    private DumpRecord() {}
}
