/**
 * The engine: owns a pool of blocks and implements the contract of {@code io.blkspc.api} over it.
 * The entry point and its configuration live here; everything else is in the packages below.
 */
package io.blkspc.host;
