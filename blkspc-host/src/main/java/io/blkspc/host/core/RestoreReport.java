package io.blkspc.host.core;

/**
 * What a restore made.
 *
 * @param made what is in the new pool
 * @param isChecked {@code false}: all was read and verified, but the new pool was not checked, as memory is too small for it
 */
public record RestoreReport(RepairReport made, boolean isChecked) {}
