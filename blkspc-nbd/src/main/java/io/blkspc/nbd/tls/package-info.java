/**
 * Certificates and keys of a server, read from the files that qemu and nbdkit use too, and the TLS engines made from them.
 */
package io.blkspc.nbd.tls;
