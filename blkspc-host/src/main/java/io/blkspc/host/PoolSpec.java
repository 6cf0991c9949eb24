package io.blkspc.host;

import java.nio.file.Path;

/**
 * What a new pool shall be.
 *
 * @param sizeBytes capacity for data, a multiple of 4096; 0 with an existing {@code data} file or device = all of it
 * @param data file or raw device for the data, or {@code null} for {@code DIR/data}
 * @param metadataBytes wished size of all metadata, 0 = fitting the data
 * @param force use an existing file or device although it has content, or an existing pool directory
 * @param allowUnreserved accept a file system that cannot promise the space
 */
public record PoolSpec(long sizeBytes, Path data, long metadataBytes, boolean force, boolean allowUnreserved) {}
