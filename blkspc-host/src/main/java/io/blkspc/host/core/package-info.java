/**
 * The engine: versions, staged allocations, commit, freeze, clone, destroy, reclaim, persist points, checkpoints and
 * recovery. One order lock guards every change of metadata and every journal append; readers of mappings take no lock.
 * Deterministic: devices, clock, locks and identities come from outside.
 */
package io.blkspc.host.core;
