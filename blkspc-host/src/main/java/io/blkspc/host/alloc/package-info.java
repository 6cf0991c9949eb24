/**
 * Which physical blocks are free, which freed blocks must still rest, and what is promised to whom. Pure arithmetic under
 * the engine's order lock: nothing here does IO or waits.
 */
package io.blkspc.host.alloc;
