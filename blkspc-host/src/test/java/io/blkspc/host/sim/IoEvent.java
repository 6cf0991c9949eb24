package io.blkspc.host.sim;

import io.blkspc.api.IoRole;

/**
 * One IO, before it happens.
 *
 * @param device where
 * @param role what for
 * @param op what
 * @param ordinal number of the IO on its disk, from 1
 * @param offsetBytes first byte; 0 for a force
 * @param lengthBytes length; 0 for a force
 */
public record IoEvent(SimDevice device, IoRole role, IoOp op, long ordinal, long offsetBytes, long lengthBytes) {}
