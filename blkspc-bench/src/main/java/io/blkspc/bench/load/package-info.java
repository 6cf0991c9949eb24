/**
 * A load client for NBD servers that costs much less than they do: requests go out and replies come in by the batch, payloads
 * are skipped, and nothing is allocated per request. It measures; it does not verify what it reads.
 */
package io.blkspc.bench.load;
