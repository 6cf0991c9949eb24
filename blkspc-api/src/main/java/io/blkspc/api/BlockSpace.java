package io.blkspc.api;

/**
 * One virtual block address space: the live head of a volume, or one read-only snapshot. The client maps or allocates,
 * does the data IO itself on {@link #device}, and commits.
 *
 * <pre>
 *  read    try (Lease lease = space.readLease())  { map → read device, or zeros }
 *  write   cookie = reserve(n, blockSize)
 *          try (Lease lease = space.writeLease()) {
 *              switch (allocate(cookie, offset, count, mapping)) {
 *                  IN_PLACE       → write device                                    done
 *                  UNWRITTEN, COW → write whole blocks, then commit(type, ranges, crc)
 *                  BUSY           → leave the lease, awaitUnstaged, again
 *                  NO_CREDIT      → the transaction reserved too little
 *              } }
 *          cookie.put()
 * </pre>
 *
 * <p>Thread rules: any thread may call anything. A {@link Mapping}, {@link CommitBatch} or {@link Transfer} belongs to one
 * thread at a time. Do not take a second lease while holding a write lease, and do not wait for another client's IO while
 * holding one: a freeze waits for it.
 *
 * <p>Errors: {@link BlockSpaceException} with its code; {@link IllegalArgumentException} for an argument that is never
 * legal (not aligned, negative). On any exception nothing changed unless the method says otherwise.
 *
 * <p>Source of the verbs: {@code struct blkspc_ops}, linux-fsdevel, January 2018.
 */
public interface BlockSpace extends AutoCloseable {

    /** Full name: {@code NAME} of a volume, {@code NAME@SNAP} of a snapshot. */
    String name();

    /** Size of the address space in bytes, a multiple of 4096; may grow while open. */
    long sizeBytes();

    /** {@code true} when only {@link #map}, {@link #flush} and reads are allowed. */
    boolean isReadOnly();

    /** Where the data lies. Clients read and write it; they never force it, they {@link #flush}. */
    BlockDevice device();

    /** A hold for reading; see {@link Lease}. Never blocks. */
    Lease readLease();

    /**
     * A hold for allocating and for writing in place; see {@link Lease}. Waits while the space is being frozen, which
     * takes one persist point.
     *
     * @throws BlockSpaceException {@code READ_ONLY}; {@code CLOSED}; {@code BUSY} after 5 seconds
     */
    Lease writeLease();

    /**
     * Changes whenever a mapping handed out earlier may no longer be true. A client that keeps read mappings across leases
     * compares inside the lease it will read under, and maps again when it differs; when it does not, the mapping may be
     * used until that lease ends.
     */
    long generation();

    /**
     * Holds space for {@code allocCount} allocations before anything is dirtied. One credit pays for one allocation inside
     * one {@code blockSize}-aligned window (at least one 4 KiB block), with the metadata it can need. All or nothing.
     *
     * <p>A volume with a standing guarantee draws on it first. One that is guaranteed in full grants any number of credits, in a full
     * pool too ({@link Quota}): a write under them may wait for a persist point, and does not run out of space.
     *
     * @param allocCount 0 or more; with 0 the cookie can only write to blocks the space owns, written or preallocated, also
     *     those written just now: where the host would rather redirect it, a write without credit waits for a persist point
     * @param blockSizeBytes a power of two, 512 to 1,048,576
     * @return a cookie with one reference
     * @throws BlockSpaceException {@code OUT_OF_SPACE}: the only place where the write path can run out; {@code READ_ONLY}
     */
    Cookie reserve(int allocCount, int blockSizeBytes);

    /**
     * How much {@link #reserve} would grant now: the largest <i>n</i> for which {@code reserve(n, blockSizeBytes)} would succeed,
     * and right after it {@code reserve(max(0, creditsInAll - n), 4096)}: whole windows for <i>n</i> of so many, and one block for
     * each of the others. It counts what reserve counts: the volume's guarantee and limit, what others hold, what is kept back,
     * and metadata. Holds nothing, changes nothing, refuses nobody and is no {@code SHORTAGE}; costs one short hold of the host's
     * lock, no wait and no memory.
     *
     * <p>True at the moment of the answer only: another client may reserve before this one does. Space that a destroy is still
     * giving back counts when it is back, so while that goes on ({@link Pool#awaitReclaim}) reserve may grant more than this says.
     *
     * @param blockSizeBytes a power of two, 512 to 1,048,576
     * @param creditsInAll 0 or more
     * @return credits, 0 to {@code Integer.MAX_VALUE}, which is the answer for a volume that is guaranteed in full; 0 also when {@code creditsInAll} single blocks are too many already
     * @throws BlockSpaceException {@code READ_ONLY}; {@code CLOSED}; {@code FAILED}
     */
    int reservable(int blockSizeBytes, int creditsInAll);

    /** Credits that one {@code reserve(n, blockSizeBytes)} would be granted now: as {@link #reservable(int, int)}, with no others. */
    default int reservable(int blockSizeBytes) {
        return reservable(blockSizeBytes, 0);
    }

    /**
     * The read mapping at {@code offset}. Never allocates. Call inside a lease; the mapping may be used until it ends.
     * Staged blocks show their old state.
     *
     * @param offsetBytes any byte inside the space
     * @param countBytes at least 1; may reach beyond the end
     * @param mapping filled: starts exactly at {@code offset}, at most {@code count} long, maybe shorter
     * @throws BlockSpaceException {@code OUT_OF_RANGE} when {@code offset} is at or beyond the end
     */
    void map(long offsetBytes, long countBytes, Mapping mapping);

    /**
     * The write mapping at {@code offset}: fills holes and breaks sharing with blocks that were reserved before. What is
     * not {@link Allocation#IN_PLACE} is <em>staged</em>: invisible to {@link #map}, gone at process death, the same again
     * for the same cookie. Returns one kind; may be shorter than asked. May wait for one persist point; never fails for
     * space while the cookie has credit. Call inside a write lease.
     *
     * <p>The first block taken in a window costs a credit; the window's other blocks are then covered, each once, however
     * many calls it takes.
     *
     * @param cookie made by a handle of this volume, else {@link IllegalArgumentException}
     * @param offsetBytes a multiple of 4096
     * @param countBytes a multiple of 4096, at least 4096
     * @throws BlockSpaceException {@code CANCELLED}; {@code OUT_OF_RANGE} when not inside the space; {@code FAILED}
     */
    Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping);

    /**
     * Waits until what made {@link #allocate} answer BUSY at {@code offset} has ended. Call without a lease and without
     * stages of one's own at higher offsets.
     *
     * @throws BlockSpaceException {@code BUSY} when {@code timeoutNanos} passed first
     */
    void awaitUnstaged(long offsetBytes, long timeoutNanos);

    /**
     * Publishes staged blocks: any whole-block parts of the cookie's own stages, whose data IO has returned. Each range lies
     * inside one mapping that allocate answered, so that its target is one run on the device. The rest stays staged. On return every reader sees it and it survives the death of this process; power loss only after {@link
     * #flush}. Legal after {@link Cookie#cancel}.
     *
     * <p>Some hundreds of ranges are published at one moment; more may be published one part after the other, in their order. What an
     * error leaves unpublished is still staged.
     *
     * @throws BlockSpaceException {@code OUT_OF_RANGE} when a block is not staged by this cookie, or staged as the other
     *     type: nothing changed; {@code OUT_OF_BACKING} when the backing store has no room for the record: the parts before it are
     *     published; {@code CLOSED} when the volume is gone; {@code FAILED}
     */
    void commit(Cookie cookie, CommitType type, CommitBatch ranges);

    /**
     * Returns the blocks of a range to the pool; it reads as zeros. Journalled and visible at return. A volume with a standing
     * guarantee keeps its own blocks, unwritten. Where metadata space is short, a part may be left as it is. Call without a write lease and
     * without stages of one's own in the range.
     *
     * @param offsetBytes a multiple of 4096
     * @param countBytes a multiple of 4096, at least 4096
     * @throws BlockSpaceException {@code BUSY} when a stage in the range did not end within 5 seconds: what was discarded
     *     before stays discarded
     */
    void discard(long offsetBytes, long countBytes);

    /**
     * Makes a range read as zeros. Journalled and visible at return. Call as {@link #discard}.
     *
     * @param keepAllocated {@code true}, or the volume has a standing guarantee: blocks the space owns stay allocated and become {@link MappingState#UNWRITTEN};
     *     those it shares become holes
     * @throws BlockSpaceException {@code BUSY} when a stage in the range, or a write in place, did not end within 5 seconds,
     *     {@code OUT_OF_SPACE} when metadata space is short: what was zeroed before stays zeroed
     */
    void zero(long offsetBytes, long countBytes, boolean keepAllocated);

    /**
     * Gives every hole of a range blocks of its own, {@link MappingState#UNWRITTEN}, from the cookie's credit. Journalled
     * and visible at return.
     *
     * @throws BlockSpaceException {@code NO_CREDIT} when the cookie's credit ended, {@code BUSY} when a stage in the range
     *     did not end within 5 seconds: what was done before stays done; {@code CANCELLED}
     */
    void preallocate(Cookie cookie, long offsetBytes, long countBytes);

    /**
     * A persist point: on return, everything replied before the call, by any client of this space, survives power loss.
     * Concurrent calls share their forces.
     *
     * @throws BlockSpaceException {@code FAILED} or {@code IO}: this was not a persist point, and there will be no other
     */
    void flush();

    /**
     * As {@link #flush()}, for the writes to one range that returned before the call.
     *
     * @param offsetBytes any byte inside the space
     * @param countBytes 0 or more
     * @throws BlockSpaceException as {@link #flush()}; {@code OUT_OF_RANGE} when not inside the space
     */
    void flush(long offsetBytes, long countBytes);

    /**
     * Gives this handle back: everything else on it then fails with {@code CLOSED}. Cookies made through it stay valid until
     * their last put and are spent through other handles of the volume. Idempotent.
     */
    @Override
    void close();
}
