package io.blkspc.cli.serve;

import java.nio.file.Path;

/**
 * How a pool is served.
 *
 * @param unix NBD socket, or {@code null} for the one in the pool directory
 * @param tcp {@code HOST:PORT} to serve NBD on as well, or {@code null}
 * @param readOnly nothing can be changed
 * @param export glob of the names that NBD clients see, or {@code null} for all
 * @param direct data goes around the page cache
 */
public record ServeOptions(Path unix, String tcp, boolean readOnly, String export, boolean direct) {}
