package io.blkspc.xfsish.group;

/**
 * Neighbouring blocks of the space.
 *
 * @param block first
 * @param count at least 1
 */
public record Run(long block, int count) {}
