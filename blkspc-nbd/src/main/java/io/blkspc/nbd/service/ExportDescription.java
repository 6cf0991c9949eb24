package io.blkspc.nbd.service;

/**
 * What a client may know of an export before it opens it.
 *
 * @param name full name: {@code NAME} or {@code NAME@SNAP}
 * @param description a few words for people
 * @param sizeBytes size in bytes
 * @param readOnly {@code true} for snapshots
 * @param guaranteed every block of it has a standing guarantee of space
 */
public record ExportDescription(
        String name, String description, long sizeBytes, boolean readOnly, boolean guaranteed) {}
