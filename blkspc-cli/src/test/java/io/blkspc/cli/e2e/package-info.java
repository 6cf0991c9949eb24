/**
 * End-to-end tests: the real server in its own process, driven by real clients and by an oracle that knows every legal
 * value of every sector. A test whose part is missing on this machine is skipped and names the part. The judges themselves
 * are tried on servers that are known to be right and on servers that are known to lose data.
 */
package io.blkspc.cli.e2e;
