/**
 * Changes to several buffers that belong together. A transaction reserves space and memory before it changes anything, and
 * hands a reference of its one cookie to every buffer it dirties. A log of its changes is planned and has its place here.
 */
package io.blkspc.xfsish.transaction;
