/**
 * The engine under power cuts and kills: client tasks on a simulated disk, an oracle that knows which values each sector may
 * hold, and crash states taken at any step, inside recovery too.
 */
package io.blkspc.host.core.crash;
