package io.blkspc.bench.peers;

/**
 * One run of one server.
 *
 * @param rate requests a second
 * @param serverMicros processor time of the server for each request, in microseconds; 0 when it cannot be told
 * @param clientMicros the same of the client
 * @param medianMicros latency that half of the requests do not exceed, in microseconds
 * @param tailMicros latency that 99 of 100 do not exceed, in microseconds
 */
record Sample(double rate, double serverMicros, double clientMicros, double medianMicros, double tailMicros) {}
