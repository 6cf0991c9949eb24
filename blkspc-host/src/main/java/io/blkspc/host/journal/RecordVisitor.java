package io.blkspc.host.journal;

/** Receives the records of a scan in sequence order. */
public interface RecordVisitor {

    /**
     * Called once, before the first record, with what decides verification and damage (SEMANTICS R3, R4): the highest
     * mark and the highest forced sequence in the superblock or any genuine header of the ring.
     */
    default void marks(long highestMark, long highestForced) {}

    /**
     * One valid record.
     *
     * @param payload positioned at the start of the payload; must not be kept
     */
    void record(long sequence, RecordType type, long mark, long forced, RecordReader payload);

    /**
     * After a walk that ended at damage: one genuine, whole record past it. It is never applied; it says which blocks were
     * given to somebody else since.
     *
     * @param payload as for {@link #record}
     */
    default void beyond(RecordType type, RecordReader payload) {}
}
