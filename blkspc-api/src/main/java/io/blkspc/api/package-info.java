/**
 * The contract of a virtual block address space: what a host promises and what a client must do.
 *
 * <p>A host owns a pool of physical blocks and hands out {@link io.blkspc.api.BlockSpace spaces}. A client asks the host
 * <em>where</em> an IO goes ({@link io.blkspc.api.BlockSpace#map map}, {@link io.blkspc.api.BlockSpace#allocate
 * allocate}), does the IO itself on the host's {@link io.blkspc.api.BlockDevice device}, and reports back ({@link
 * io.blkspc.api.BlockSpace#commit commit}). The shape follows the "virtual block address space" header Dave Chinner
 * posted to linux-fsdevel in January 2018. {@code docs/OneWrite.java} is the smallest whole client.
 *
 * <p>Everything here depends on the JDK only. All offsets, lengths and sizes are bytes unless a name says otherwise.
 */
package io.blkspc.api;
