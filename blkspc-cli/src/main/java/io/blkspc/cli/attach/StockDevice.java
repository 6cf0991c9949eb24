package io.blkspc.cli.attach;

import java.nio.file.Path;

/**
 * A device that nbd-client attached.
 *
 * @param device the device
 * @param uuid identity of the volume or snapshot; {@code null} when it is not known
 * @param name what the volume or snapshot was called when it was attached; {@code null} when it is not known
 * @param pool directory of the pool; {@code null} when it is not known, or the server is another one
 */
public record StockDevice(NbdDevice device, String uuid, String name, Path pool) {

    /** Whether it is of that volume or snapshot, as far as it is known. */
    public boolean isOf(Backend backend) {
        return uuid == null ? backend.name().equals(name) && backend.pool().equals(pool) : uuid.equals(backend.uuid());
    }
}
