/**
 * The two small files that decide what a pool is after a crash: the superblock and the journal. The superblock names the
 * newest checkpoint; the journal holds every change since. Replay itself belongs to the engine.
 */
package io.blkspc.host.journal;
