package io.blkspc.host.core;

import io.blkspc.host.device.BackingDevice;
import java.util.List;

/**
 * The four preallocated devices of a pool. Owned by whoever opened them until a pool is opened on them, then closed with it.
 *
 * @param superblock two copies of the superblock
 * @param journal the ring of records
 * @param segments the objects of checkpoints
 * @param data the blocks of the volumes
 */
public record PoolDevices(BackingDevice superblock, BackingDevice journal, BackingDevice segments, BackingDevice data) {

    List<BackingDevice> all() {
        return List.of(superblock, journal, segments, data);
    }

    /** Closes all four without forcing anything. */
    public void close() {
        all().forEach(BackingDevice::close);
    }
}
