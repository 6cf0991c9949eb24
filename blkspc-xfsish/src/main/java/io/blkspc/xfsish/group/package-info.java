/**
 * Allocation groups: which blocks are in use, which hold inodes, and what was freed but may not be used yet.
 */
package io.blkspc.xfsish.group;
