package io.blkspc.host.device;

/** An open file as the kernel offers it: short transfers, and errors as minus errno. */
interface RawFile {

    /** As preadv2: bytes read, 0 at the end, or minus errno. */
    long read(long vectors, int count, long offsetBytes, int flags);

    /** As pwritev2: bytes written or minus errno. */
    long write(long vectors, int count, long offsetBytes);

    /** Whether the page of a byte is in the page cache; {@code false} where there is none, or nobody can tell. */
    boolean isCached(long offsetBytes);

    /** As fdatasync: 0 or minus errno. */
    int sync();

    /**
     * The same file once more, for forces of ranges: the kernel tells of a lost page once for each open file, so forces that run side by
     * side each need their own. {@code null} where there is no such force. The caller closes it.
     */
    default RawFile openForRanges() {
        return null;
    }

    /** As fdatasync of a range, or of more: 0 or minus errno. Of what {@link #openForRanges} gave. */
    default int sync(long startBytes, long endBytes) {
        return sync();
    }

    /** Lets go of the file once no call is inside it. Idempotent. */
    void close();
}
