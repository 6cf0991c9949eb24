/**
 * The kernel's FUSE driver through libfuse3's low-level interface: calls into the library, its structures, and its requests
 * answered from the sample file system. Only {@code fs mount} needs the library, which is that of the system.
 */
package io.blkspc.cli.fuse;
