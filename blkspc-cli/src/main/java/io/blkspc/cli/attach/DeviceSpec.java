package io.blkspc.cli.attach;

/**
 * What a device shall be.
 *
 * @param backend what it is made of; the driver refuses connections for another
 * @param sizeBytes size of the export
 * @param blockBytes smallest request
 * @param flags transmission flags of the export
 * @param timeoutSeconds a request that waits longer is sent again on another connection
 * @param deadSeconds how long requests wait for a connection when there is none; then they fail
 */
record DeviceSpec(String backend, long sizeBytes, long blockBytes, long flags, long timeoutSeconds, long deadSeconds) {}
