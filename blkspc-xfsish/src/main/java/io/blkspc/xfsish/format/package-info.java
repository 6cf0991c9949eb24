/**
 * The structures on disk, one class each: layout, sealing and verification, and nothing else. The prose is
 * docs/xfsish-format.md.
 */
package io.blkspc.xfsish.format;
