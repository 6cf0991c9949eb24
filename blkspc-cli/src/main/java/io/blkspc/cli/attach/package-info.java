/**
 * Exports as block devices of this machine: the kernel's nbd driver, asked through generic netlink. A {@link
 * io.blkspc.cli.attach.Keeper} gives the driver new connections when a server went away and came back.
 */
package io.blkspc.cli.attach;
