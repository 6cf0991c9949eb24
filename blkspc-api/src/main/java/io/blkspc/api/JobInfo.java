package io.blkspc.api;

/**
 * Work that goes on behind the clients' backs and gives space back. It follows from the versions of a pool, so it is found again
 * after a stop and after a crash, under the same number.
 *
 * @param id number of the job; never used for another one
 * @param kind what it does
 * @param name of the version, where it has one or was destroyed since the last start, else {@code null}
 * @param running it is the one that is done next; the others wait
 * @param percent how much of it is done, 0 to 100; 0 where nobody can tell
 * @param bytes of data that the version still holds of its own: the most that can come back
 */
public record JobInfo(long id, Kind kind, String name, boolean running, int percent, long bytes) {

    /** What a job does. */
    public enum Kind {
        /** Gives back all that a destroyed version held alone. */
        DESTROY,
        /** Joins a destroyed snapshot into the one version that grew from it. */
        MERGE,
        /** Gives back what everything that grew from a hidden version no longer needs. */
        UNSHARE,
        /** Gives up what a volume held beyond the end it has now. */
        SHRINK
    }
}
