package io.blkspc.xfsish;

import io.blkspc.host.core.MemoryHost;

/** The write path on the real engine with real threads, its devices in memory. */
class HostSubvolumeTest extends SubvolumeContract implements MemoryHost {}
