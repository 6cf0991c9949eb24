/**
 * The buffer cache over one space: blocks in native memory, who holds them, and which are dirty. A dirty buffer owns one
 * reference of the cookie that pays for writing it. Nothing here allocates space or writes to the device.
 */
package io.blkspc.xfsish.buffer;
