/**
 * Inodes in memory: their fields, where their blocks are, and which blocks have no place yet; directories and attributes.
 */
package io.blkspc.xfsish.inode;
