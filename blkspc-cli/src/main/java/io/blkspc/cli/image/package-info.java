/**
 * Volumes as images: reading and writing the bytes of a volume, in this process or through the NBD socket of a server, and
 * copying them from and to files without writing holes.
 */
package io.blkspc.cli.image;
