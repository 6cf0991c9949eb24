/**
 * A sample subvolume file system that lives in a virtual block address space, written against {@code blkspc-api} only. {@link
 * io.blkspc.xfsish.Subvolume} is its lower half, the write path; {@link io.blkspc.xfsish.file.FileSystem} is the file system
 * on it.
 */
package io.blkspc.xfsish;
