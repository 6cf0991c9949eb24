package io.blkspc.bench.load;

/**
 * What a load came to.
 *
 * @param requests answered without an error; a write and its FLUSH count as one
 * @param errors answered with an error
 * @param nanos from the first request to the last reply, over all connections
 * @param clientNanos processor time of the client's own threads
 * @param latencies from sending a request to taking its reply, in nanoseconds
 */
public record LoadResult(long requests, long errors, long nanos, long clientNanos, Histogram latencies) {

    /** Requests a second. */
    public double rate() {
        return requests * 1e9 / Math.max(1, nanos);
    }

    /** The client's own processor time for each request, in microseconds. */
    public double clientMicros() {
        return clientNanos / 1e3 / Math.max(1, requests);
    }
}
