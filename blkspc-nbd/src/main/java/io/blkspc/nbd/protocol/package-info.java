/**
 * The bytes of the NBD protocol: one class per structure, each a view of a buffer, big-endian at every access. Numbers and
 * layouts follow the protocol's published specification, doc/proto.md of the NBD project. Nothing here does IO.
 */
package io.blkspc.nbd.protocol;
