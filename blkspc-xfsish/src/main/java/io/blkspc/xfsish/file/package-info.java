/**
 * The file system: mkfs, mount, operations on names and on data, reservations and checkpoints. {@link
 * io.blkspc.xfsish.file.FileSystem} is its entry; everything behind it runs under its lock.
 */
package io.blkspc.xfsish.file;
