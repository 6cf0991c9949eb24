/**
 * The redo log: records of whole blocks, each one moment between operations. {@link io.blkspc.xfsish.log.Log} writes them,
 * {@link io.blkspc.xfsish.log.LogScan} finds what a replay needs.
 */
package io.blkspc.xfsish.log;
