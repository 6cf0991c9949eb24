package io.blkspc.host.journal;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;

import io.blkspc.host.checkpoint.CheckpointRoot;
import io.blkspc.host.format.Crc32c;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/**
 * The superblock: what the pool is, where its newest checkpoint is, and where replay starts. Little-endian. Two copies of
 * {@value #LENGTH} bytes; the valid one with the higher generation counts. See docs/format/superblock.md.
 *
 * <pre>
 *  offset size field              meaning
 *       0    8 magic              "BLKSPCSB"
 *       8    4 crc                CRC-32C of bytes 12 to 4096
 *      12    4 formatVersion      {@value #FORMAT_VERSION}
 *      16   16 poolUuid           most significant half first, each half little-endian
 *      32    8 incompatFeatures   unknown bit: do not open; bit 0: the segment area has grown; bit 1: resized volumes; bit 2: held
 *                                snapshots
 *      40    8 roCompatFeatures   unknown bit: open read-only
 *      48    8 compatFeatures     unknown bit: no matter
 *      56    8 generation         one more at each write; its lowest bit is the copy it is in
 *      64    4 state              {@link PoolState}
 *      68    4 flags              bit 0: the node map was closed in order and holds nodeMapEntries entries
 *      72    8 salt               epoch salt of the journal
 *      80    8 checkpointSequence C: the checkpoint is exactly the state at C
 *      88    8 mark               highest sequence durable with its data
 *      96    8 forced             F: highest sequence journal-forced
 *     104    8 journalPosition    byte offset in the ring of record C + 1
 *     112    4 journalPreviousCrc CRC that record carries as previous
 *     116    4 segmentBytes       size of a checkpoint segment
 *     120    8 dataBytes          size of the data device
 *     128    8 journalBytes       size of the journal
 *     136    8 segmentAreaBytes   size of the segment store
 *     144    8 maxNodes           promise of node slots
 *     152    8 createdMillis      Unix time in milliseconds
 *     160    8 nodeMapEntries     entries of the node map at the last clean stop
 *     168   64 checkpointRoot     {@link CheckpointRoot}
 *     232    8 dataLabel          number of the block the {@link DataLabel} is in, plus 1; 0 = none, and while the pool is open
 *     240    8 dataLabelNonce     what that label carries; 0 = none
 *     248 3848 reserved           zero
 * </pre>
 *
 * <p>A copy is valid if and only if magic and crc are right and the lowest bit of generation names the copy it was read
 * from. Mutable; owned by one thread at a time.
 */
public final class Superblock {

    /** Bytes of one copy. */
    public static final int LENGTH = 4096;

    /** Version this code writes. */
    public static final int FORMAT_VERSION = 1;

    static final int OLDEST_VERSION = 1;
    /** The directory of the segments lies behind them: a version that does not know looks for it in the wrong place. */
    public static final long INCOMPAT_GROWN_SEGMENTS = 1;

    /** Volumes were given other sizes: RESIZE records, and versions that map blocks beyond their end. */
    public static final long INCOMPAT_RESIZED_VOLUMES = 2;

    /** Snapshots were held: HOLD records, and versions with tags. */
    public static final long INCOMPAT_HELD_SNAPSHOTS = 4;

    /** What this version knows of them. */
    public static final long KNOWN_INCOMPAT =
            INCOMPAT_GROWN_SEGMENTS | INCOMPAT_RESIZED_VOLUMES | INCOMPAT_HELD_SNAPSHOTS;

    static final long KNOWN_RO_COMPAT = 0;
    static final long MAGIC = 0x4253_4350_534b_4c42L;

    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int FORMAT_VERSION_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int UUID_OFFSET = FORMAT_VERSION_OFFSET + Integer.BYTES;
    static final int INCOMPAT_OFFSET = UUID_OFFSET + 2 * Long.BYTES;
    static final int RO_COMPAT_OFFSET = INCOMPAT_OFFSET + Long.BYTES;
    static final int COMPAT_OFFSET = RO_COMPAT_OFFSET + Long.BYTES;
    static final int GENERATION_OFFSET = COMPAT_OFFSET + Long.BYTES;
    static final int STATE_OFFSET = GENERATION_OFFSET + Long.BYTES;
    static final int FLAGS_OFFSET = STATE_OFFSET + Integer.BYTES;
    static final int SALT_OFFSET = FLAGS_OFFSET + Integer.BYTES;
    static final int CHECKPOINT_SEQUENCE_OFFSET = SALT_OFFSET + Long.BYTES;
    static final int MARK_OFFSET = CHECKPOINT_SEQUENCE_OFFSET + Long.BYTES;
    static final int FORCED_OFFSET = MARK_OFFSET + Long.BYTES;
    static final int JOURNAL_POSITION_OFFSET = FORCED_OFFSET + Long.BYTES;
    static final int JOURNAL_PREVIOUS_CRC_OFFSET = JOURNAL_POSITION_OFFSET + Long.BYTES;
    static final int SEGMENT_BYTES_OFFSET = JOURNAL_PREVIOUS_CRC_OFFSET + Integer.BYTES;
    static final int DATA_BYTES_OFFSET = SEGMENT_BYTES_OFFSET + Integer.BYTES;
    static final int JOURNAL_BYTES_OFFSET = DATA_BYTES_OFFSET + Long.BYTES;
    static final int SEGMENT_AREA_BYTES_OFFSET = JOURNAL_BYTES_OFFSET + Long.BYTES;
    static final int MAX_NODES_OFFSET = SEGMENT_AREA_BYTES_OFFSET + Long.BYTES;
    static final int CREATED_MILLIS_OFFSET = MAX_NODES_OFFSET + Long.BYTES;
    static final int NODE_MAP_ENTRIES_OFFSET = CREATED_MILLIS_OFFSET + Long.BYTES;
    static final int CHECKPOINT_ROOT_OFFSET = NODE_MAP_ENTRIES_OFFSET + Long.BYTES;
    static final int DATA_LABEL_OFFSET = CHECKPOINT_ROOT_OFFSET + CheckpointRoot.LENGTH;
    static final int DATA_LABEL_NONCE_OFFSET = DATA_LABEL_OFFSET + Long.BYTES;
    static final int RESERVED_OFFSET = DATA_LABEL_NONCE_OFFSET + Long.BYTES;

    private static final int FLAG_NODE_MAP_VALID = 1;

    private final MemorySegment bytes = MemorySegment.ofArray(new byte[LENGTH]);
    private final Crc32c crc = new Crc32c(bytes);

    private Superblock() {}

    /** A superblock of a new pool: everything zero but magic, version, uuid, state DIRTY and an empty checkpoint. */
    public static Superblock create(UUID pool) {
        Superblock created = new Superblock();
        created.bytes.set(LONG, MAGIC_OFFSET, MAGIC);
        created.bytes.set(INT, FORMAT_VERSION_OFFSET, FORMAT_VERSION);
        created.bytes.set(LONG, UUID_OFFSET, pool.getMostSignificantBits());
        created.bytes.set(LONG, UUID_OFFSET + Long.BYTES, pool.getLeastSignificantBits());
        return created.state(PoolState.DIRTY).checkpointRoot(CheckpointRoot.EMPTY);
    }

    /** An independent superblock with the same content. */
    public Superblock copy() {
        return new Superblock().load(bytes, 0);
    }

    /** Takes over {@link #LENGTH} bytes as they are. */
    Superblock load(MemorySegment source, long offset) {
        MemorySegment.copy(source, offset, bytes, 0, LENGTH);
        return this;
    }

    /** The bytes of a copy on the medium, unjudged. */
    static Superblock of(MemorySegment source, long offset) {
        return new Superblock().load(source, offset);
    }

    /** Completes the CRC and copies everything to {@code target}. */
    void store(MemorySegment target, long offset) {
        bytes.set(INT, CRC_OFFSET, computeCrc());
        MemorySegment.copy(bytes, 0, target, offset, LENGTH);
    }

    boolean hasMagic() {
        return bytes.get(LONG, MAGIC_OFFSET) == MAGIC;
    }

    /** {@code true} when these are the bytes that were written to copy {@code index}. */
    boolean isValidCopy(int index) {
        return hasMagic() && bytes.get(INT, CRC_OFFSET) == computeCrc() && copyIndex() == index;
    }

    /** Which copy this generation belongs to, 0 or 1. */
    int copyIndex() {
        return (int) (generation() & 1);
    }

    boolean reservedIsZero() {
        long bits = flags() & ~FLAG_NODE_MAP_VALID;
        for (int at = RESERVED_OFFSET; at < LENGTH; at += Long.BYTES) {
            bits |= bytes.get(LONG, at);
        }
        return bits == 0;
    }

    boolean hasKnownState() {
        return PoolState.of(bytes.get(INT, STATE_OFFSET)) != null;
    }

    private int computeCrc() {
        return crc.of(FORMAT_VERSION_OFFSET, LENGTH - FORMAT_VERSION_OFFSET);
    }

    private int flags() {
        return bytes.get(INT, FLAGS_OFFSET);
    }

    /** Format version of the medium. */
    public int formatVersion() {
        return bytes.get(INT, FORMAT_VERSION_OFFSET);
    }

    /** The pool's identity; in every structure of the pool. */
    public UUID poolUuid() {
        return new UUID(bytes.get(LONG, UUID_OFFSET), bytes.get(LONG, UUID_OFFSET + Long.BYTES));
    }

    /** Features a reader must know to open at all. */
    public long incompatFeatures() {
        return bytes.get(LONG, INCOMPAT_OFFSET);
    }

    /** Adds features a reader must know to open at all. */
    public Superblock addIncompatFeatures(long features) {
        return set(INCOMPAT_OFFSET, incompatFeatures() | features);
    }

    /** Features a reader must know to write. */
    public long roCompatFeatures() {
        return bytes.get(LONG, RO_COMPAT_OFFSET);
    }

    /** Features a reader need not know. */
    public long compatFeatures() {
        return bytes.get(LONG, COMPAT_OFFSET);
    }

    /** Counts the writes of the superblock. */
    public long generation() {
        return bytes.get(LONG, GENERATION_OFFSET);
    }

    Superblock generation(long generation) {
        bytes.set(LONG, GENERATION_OFFSET, generation);
        return this;
    }

    /** How the pool was left. */
    public PoolState state() {
        return PoolState.of(bytes.get(INT, STATE_OFFSET));
    }

    /** Sets how the pool is left. */
    public Superblock state(PoolState state) {
        bytes.set(INT, STATE_OFFSET, state.code());
        return this;
    }

    /** Whether the node map was closed in order and may be used with {@link #nodeMapEntries}. */
    public boolean isNodeMapValid() {
        return (flags() & FLAG_NODE_MAP_VALID) != 0;
    }

    /** Sets whether the node map may be used. */
    public Superblock nodeMapValid(boolean valid) {
        bytes.set(INT, FLAGS_OFFSET, valid ? flags() | FLAG_NODE_MAP_VALID : flags() & ~FLAG_NODE_MAP_VALID);
        return this;
    }

    /** Epoch salt of the journal. */
    public long salt() {
        return bytes.get(LONG, SALT_OFFSET);
    }

    /** Sets the epoch salt: at create and at each recovery. */
    public Superblock salt(long salt) {
        return set(SALT_OFFSET, salt);
    }

    /** C: the sequence the checkpoint is the state at. */
    public long checkpointSequence() {
        return bytes.get(LONG, CHECKPOINT_SEQUENCE_OFFSET);
    }

    /** Sets C. */
    public Superblock checkpointSequence(long sequence) {
        return set(CHECKPOINT_SEQUENCE_OFFSET, sequence);
    }

    /** Highest sequence durable with its data. */
    public long mark() {
        return bytes.get(LONG, MARK_OFFSET);
    }

    /** Sets the mark. */
    public Superblock mark(long mark) {
        return set(MARK_OFFSET, mark);
    }

    /** F: highest sequence journal-forced. */
    public long forced() {
        return bytes.get(LONG, FORCED_OFFSET);
    }

    /** Sets F. */
    public Superblock forced(long forced) {
        return set(FORCED_OFFSET, forced);
    }

    /** Byte offset in the ring of record C + 1. */
    public long journalPosition() {
        return bytes.get(LONG, JOURNAL_POSITION_OFFSET);
    }

    /** CRC that record C + 1 carries as previous. */
    public int journalPreviousCrc() {
        return bytes.get(INT, JOURNAL_PREVIOUS_CRC_OFFSET);
    }

    /** Sets where record C + 1 goes or is, and the CRC before it. */
    public Superblock journalStart(long position, int previousCrc) {
        bytes.set(INT, JOURNAL_PREVIOUS_CRC_OFFSET, previousCrc);
        return set(JOURNAL_POSITION_OFFSET, position);
    }

    /** Everything a scan of the journal needs. */
    public ReplayStart replayStart() {
        return new ReplayStart(
                salt(), checkpointSequence() + 1, journalPosition(), journalPreviousCrc(), mark(), forced());
    }

    /** Bytes of a checkpoint segment. */
    public int segmentBytes() {
        return bytes.get(INT, SEGMENT_BYTES_OFFSET);
    }

    /** Sets the bytes of a checkpoint segment. */
    public Superblock segmentBytes(int size) {
        bytes.set(INT, SEGMENT_BYTES_OFFSET, size);
        return this;
    }

    /** Bytes of the data device. */
    public long dataBytes() {
        return bytes.get(LONG, DATA_BYTES_OFFSET);
    }

    /** Sets the bytes of the data device. */
    public Superblock dataBytes(long size) {
        return set(DATA_BYTES_OFFSET, size);
    }

    /** Bytes of the journal. */
    public long journalBytes() {
        return bytes.get(LONG, JOURNAL_BYTES_OFFSET);
    }

    /** Sets the bytes of the journal. */
    public Superblock journalBytes(long size) {
        return set(JOURNAL_BYTES_OFFSET, size);
    }

    /** Bytes of the segment store. */
    public long segmentAreaBytes() {
        return bytes.get(LONG, SEGMENT_AREA_BYTES_OFFSET);
    }

    /** Sets the bytes of the segment store. */
    public Superblock segmentAreaBytes(long size) {
        return set(SEGMENT_AREA_BYTES_OFFSET, size);
    }

    /** Most nodes the pool promises room for. */
    public long maxNodes() {
        return bytes.get(LONG, MAX_NODES_OFFSET);
    }

    /** Sets the most nodes. */
    public Superblock maxNodes(long nodes) {
        return set(MAX_NODES_OFFSET, nodes);
    }

    /** When the pool was created, Unix time in milliseconds. */
    public long createdMillis() {
        return bytes.get(LONG, CREATED_MILLIS_OFFSET);
    }

    /** Sets when the pool was created. */
    public Superblock createdMillis(long millis) {
        return set(CREATED_MILLIS_OFFSET, millis);
    }

    /** Entries of the node map at the last clean stop. */
    public long nodeMapEntries() {
        return bytes.get(LONG, NODE_MAP_ENTRIES_OFFSET);
    }

    /** Sets the entries of the node map. */
    public Superblock nodeMapEntries(long entries) {
        return set(NODE_MAP_ENTRIES_OFFSET, entries);
    }

    /** Root of the checkpoint at C. */
    public CheckpointRoot checkpointRoot() {
        return CheckpointRoot.read(bytes, CHECKPOINT_ROOT_OFFSET);
    }

    /** Sets the root of the checkpoint. */
    public Superblock checkpointRoot(CheckpointRoot root) {
        root.write(bytes, CHECKPOINT_ROOT_OFFSET);
        return this;
    }

    /** What the last clean stop left in the data, or {@code null} when it left nothing there or the pool was opened since. */
    public DataLabel dataLabel() {
        long block = bytes.get(LONG, DATA_LABEL_OFFSET) - 1;
        return block == -1 ? null : new DataLabel(poolUuid(), block, bytes.get(LONG, DATA_LABEL_NONCE_OFFSET));
    }

    /** Sets what is left in the data; {@code null}: nothing. */
    public Superblock dataLabel(DataLabel label) {
        set(DATA_LABEL_NONCE_OFFSET, label == null ? 0 : label.nonce());
        return set(DATA_LABEL_OFFSET, label == null ? 0 : label.block() + 1);
    }

    private Superblock set(int offset, long value) {
        bytes.set(LONG, offset, value);
        return this;
    }

    /** The content for comparison in tests and dumps. */
    byte[] toBytes() {
        return bytes.toArray(ValueLayout.JAVA_BYTE);
    }
}
