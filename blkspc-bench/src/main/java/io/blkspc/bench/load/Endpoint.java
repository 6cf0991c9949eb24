package io.blkspc.bench.load;

import java.nio.file.Path;

/**
 * Where an export is served.
 *
 * @param socket path of the server's unix socket
 * @param export name of the export; empty is the default one
 */
public record Endpoint(Path socket, String export) {}
