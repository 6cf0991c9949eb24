package io.blkspc.xfsish;

import io.blkspc.host.core.MemoryHost;

/** The properties on the real engine, with a journal so small that checkpoints come all the time. */
class HostSubvolumeProperties extends SubvolumeProperties implements MemoryHost {
    @Override
    public long journalBytes() {
        return 256 << 10;
    }
}
