package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.ArrayList;
import java.util.List;

/** Run-time state of one version while it is open: leases, stages, cookies and handles. Nothing here is on disk. */
final class Head {

    final Version version;
    final WriteGate gate;
    final StageTable stages = new StageTable();
    /** Cookies with a reference left. */
    final List<HostCookie> cookies = new ArrayList<>();

    /** Where the next run is looked for, so that a volume stays physically sequential. */
    long allocationHint;

    int handles;

    /** Read by lock-free readers. */
    volatile long generation = 1;

    /** The version was destroyed, or the pool closed. */
    volatile boolean closed;

    /** Read epoch in which it was closed: readers from before may still walk its tree. */
    long closedEpoch;

    Head(Version version, WriteGate gate) {
        this.version = version;
        this.gate = gate;
    }

    /** {@code true} when all of the volume is guaranteed: then its cookies hold no blocks. Under the order lock. */
    boolean isWhole() {
        return version.quota != null && version.quota.isWhole();
    }

    /** Refuses where the volume is gone. */
    void checkNotClosed() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "volume is gone: id=" + version.id);
        }
    }

    /** Mappings handed out earlier may no longer be true. Under the order lock. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only ever written under the order lock
    void bumpGeneration() {
        generation = generation + 1;
    }
}
