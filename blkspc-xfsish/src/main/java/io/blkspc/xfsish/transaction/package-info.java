/**
 * Changes to several buffers that belong together. A transaction reserves space and memory before it changes anything, and
 * hands a reference of its one cookie to every buffer it dirties.
 */
package io.blkspc.xfsish.transaction;
