package io.blkspc.xfsish;

import io.blkspc.host.core.MemoryHost;

/** Many threads on the real engine. */
class HostSubvolumeConcurrencyTest extends SubvolumeConcurrencyContract implements MemoryHost {}
