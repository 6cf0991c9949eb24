/**
 * Metadata blocks as operations see and change them: through the running transaction, pinned in memory until the log has
 * them. Knows no structure but the superblock.
 */
package io.blkspc.xfsish.metadata;
