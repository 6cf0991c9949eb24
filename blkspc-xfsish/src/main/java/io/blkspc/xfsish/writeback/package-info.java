/**
 * Takes dirty buffers to the device: allocate, write, commit, give the reference of the cookie back. It never reserves, so
 * it never runs out of space.
 */
package io.blkspc.xfsish.writeback;
