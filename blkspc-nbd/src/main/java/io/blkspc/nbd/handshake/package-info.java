/**
 * The handshake: from the greeting to the choice of an export. It trusts nothing a client says, opens an export only when
 * the client has chosen it, and stays in step after every refusal.
 */
package io.blkspc.nbd.handshake;
