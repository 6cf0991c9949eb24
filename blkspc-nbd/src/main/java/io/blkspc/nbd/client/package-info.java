/** The client's side of the protocol, as far as this project's own programs need it. */
package io.blkspc.nbd.client;
