/**
 * What of blkspc has no like at the peers, so is held against a limit instead of a rival: clones of a volume of many extents, a
 * thousand clones in one command, the start of a command, the opening after a kill, the memory of a server.
 */
package io.blkspc.bench.own;
