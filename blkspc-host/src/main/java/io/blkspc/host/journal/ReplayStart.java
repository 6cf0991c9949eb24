package io.blkspc.host.journal;

/**
 * Where replay begins and what the superblock already knows.
 *
 * @param salt epoch salt every record must carry
 * @param nextSequence C + 1
 * @param position byte offset in the ring of that record
 * @param previousCrc CRC that record must carry as previous
 * @param mark highest sequence known durable with its data
 * @param forced highest sequence known journal-forced
 */
public record ReplayStart(long salt, long nextSequence, long position, int previousCrc, long mark, long forced) {}
