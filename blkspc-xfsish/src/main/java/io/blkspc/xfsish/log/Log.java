package io.blkspc.xfsish.log;

import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.format.LogRecord;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes the log. Records follow each other from its first block to where one of the largest would no longer fit; then what
 * they hold goes in place, a record that needs none before it is written behind them, and the next one begins at the front.
 * So nothing that a replay needs is ever overwritten. Guarded by the lock of the file system.
 */
public final class Log {

    private static final long[] NONE = {};

    private final Subvolume subvolume;
    private final Superblock superblock;
    private final MemorySegment image = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    private long next;
    private long sequence;
    private long tail;
    private boolean isEmpty;
    private LogRecord begun;

    /** The log as a scan found it, with everything that it held in place. */
    public Log(Subvolume subvolume, Superblock superblock, LogRecord newest) {
        this.subvolume = subvolume;
        this.superblock = superblock;
        this.next = newest.address() + newest.blocks();
        this.sequence = newest.sequence();
        this.tail = newest.tail();
        this.isEmpty = newest.addresses().length == 0 && tail == sequence;
        wrap();
    }

    /** Most images of one record of a log of this size. */
    public static int maxImages(Superblock superblock) {
        return Math.min(LogRecord.MAX_IMAGES, superblock.logBlocks() / 2 - 2);
    }

    /** Sequence of the newest record. */
    public long sequence() {
        return sequence;
    }

    /** {@code true} when a replay would find nothing. */
    public boolean isEmpty() {
        return isEmpty;
    }

    /** {@code true} when everything logged has to go in place, with {@link #restart}, before the next record. */
    public boolean isFull() {
        return end() - next < maxImages(superblock) + 2L;
    }

    private long end() {
        return superblock.logStart() + superblock.logBlocks();
    }

    /**
     * Begins one record with the newest bytes of these blocks, in memory: {@link #force} makes it one of the log.
     *
     * @param paid cookie with a credit for each image and one more
     */
    public void append(Cookie paid, long[] blocks) {
        // An empty record is needed by no replay once this one is durable: it may lie where later ones go.
        begin(paid, blocks, isEmpty ? sequence + 1 : tail);
    }

    /** Everything logged is in place and durable: begins a record before which a replay needs nothing. */
    public void restart(Cookie paid) {
        begin(paid, NONE, sequence + 1);
    }

    /**
     * Writes what was begun; it is durable on return. When that fails its blocks are as they were, dirty, with what pays for
     * them: the next call tries again, and nothing else may be begun meanwhile.
     *
     * @throws io.blkspc.api.BlockSpaceException as {@link Subvolume#sync()}
     */
    public void force() {
        subvolume.sync(begun.address() << Geometry.BLOCK_SHIFT, begun.blocks() << Geometry.BLOCK_SHIFT);
        next += begun.blocks();
        sequence++;
        tail = begun.tail();
        isEmpty = begun.addresses().length == 0;
        begun = null;
        wrap();
    }

    /** What an empty log holds may be overwritten: its newest record stays until the next one is whole. */
    private void wrap() {
        if (isEmpty && isFull()) {
            next = superblock.logStart();
        }
    }

    private void begin(Cookie paid, long[] blocks, long newTail) {
        if (begun != null) {
            throw new IllegalStateException("a record was begun and is not in the log yet: " + begun);
        }
        if (next + blocks.length + 1 > end()) {
            throw new IllegalStateException("record does not fit: next=" + next + ", images=" + blocks.length);
        }
        try (Transaction transaction = subvolume.begin(paid, blocks.length + 1, blocks.length + 1)) {
            DataChecksum checksum = new DataChecksum();
            for (int i = 0; i < blocks.length; i++) {
                subvolume.read(blocks[i] << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, image, 0);
                checksum.update(image.asByteBuffer());
                transaction.overwrite(next + 1 + i).copyFrom(image);
            }
            LogRecord record =
                    new LogRecord(next, sequence + 1, newTail, blocks.length == 0 ? 0 : checksum.value(), blocks);
            record.write(transaction.overwrite(next), superblock.uuid());
            transaction.commit();
            begun = record;
        }
    }
}
