/**
 * Block devices over files and raw devices, preallocation, and forcing to the medium. Native calls are
 * made in {@link io.blkspc.host.device.Posix} and {@link io.blkspc.host.device.UringCalls}, and nothing else here knows how.
 */
package io.blkspc.host.device;
