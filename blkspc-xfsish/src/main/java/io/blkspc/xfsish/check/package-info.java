/**
 * The offline checker: reads everything, changes nothing, and shares no allocator code with the file system; only the
 * structures and the reading of the log are the same classes.
 */
package io.blkspc.xfsish.check;
