/**
 * The standard client of a block space: byte-granular reads and writes over {@code map}, {@code allocate} and
 * {@code commit}. Servers, importers and samples share it, so the protocol of cookies, leases and partial blocks is
 * written once.
 */
package io.blkspc.api.client;
