/**
 * The independent checker: works out from the trees alone what the engine keeps in counters, deadlists and the free map, and
 * compares. Shares no code with the allocator or the engine's bookkeeping; it only reads.
 */
package io.blkspc.host.check;
