package io.blkspc.cli.doctor;

/**
 * One thing that was looked for.
 *
 * @param name what
 * @param isOk it is there and works
 * @param isNeeded blkspc itself does not work without it
 * @param facts what was found
 * @param purpose what it is needed for
 */
public record Finding(String name, boolean isOk, boolean isNeeded, String facts, String purpose) {}
