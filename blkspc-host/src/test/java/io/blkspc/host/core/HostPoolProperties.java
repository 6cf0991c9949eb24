package io.blkspc.host.core;

import io.blkspc.api.contract.PoolProperties;

/** The properties of the API on the real engine, with a journal so small that checkpoints come all the time. */
class HostPoolProperties extends PoolProperties implements MemoryHost {
    @Override
    public long journalBytes() {
        return 256 << 10;
    }
}
