/**
 * A sample subvolume file system that lives in a virtual block address space, written against {@code blkspc-api} only. There
 * so far: the write path of a delayed-allocation file system, without files and without a mount; {@link
 * io.blkspc.xfsish.Subvolume} is its entry.
 */
package io.blkspc.xfsish;
