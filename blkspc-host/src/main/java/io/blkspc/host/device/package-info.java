/**
 * Block devices over files and raw devices, preallocation, and forcing to the medium. All native calls of the project are
 * in {@link io.blkspc.host.device.Posix}, and nothing else here knows how they are made.
 */
package io.blkspc.host.device;
