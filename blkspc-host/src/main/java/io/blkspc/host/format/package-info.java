/**
 * What every on-disk structure of the pool shares: little-endian field layouts and CRC-32C. Nothing here knows a
 * structure.
 */
package io.blkspc.host.format;
