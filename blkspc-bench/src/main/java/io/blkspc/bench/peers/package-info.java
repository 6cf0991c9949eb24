/**
 * Compares blkspc with other servers on the same machine and the same disk: what they are, what is asked of them, who runs in which
 * order, and the table of ratios. Every figure is of one server against another one in the same round.
 */
package io.blkspc.bench.peers;
