package io.blkspc.host.core;

import java.util.List;

/**
 * What a repair saved and what it could not.
 *
 * @param losses what is lost; empty when nothing is
 * @param volumes volumes in the new pool
 * @param snapshots snapshots in the new pool
 * @param copiedBytes data copied; what versions share is copied once
 */
public record RepairReport(List<Loss> losses, int volumes, int snapshots, long copiedBytes) {}
