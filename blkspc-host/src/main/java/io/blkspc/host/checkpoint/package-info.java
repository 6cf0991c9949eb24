/**
 * The segment store: images of metadata objects, written log-structured into fixed segments, one checkpoint at a time.
 * What the images mean is not known here. The newest root in the superblock decides what exists.
 */
package io.blkspc.host.checkpoint;
