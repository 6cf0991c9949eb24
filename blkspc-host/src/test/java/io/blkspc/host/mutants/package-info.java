/**
 * Planted mistakes: a list of one-line changes to the sources, each of which the suites must notice. A green suite that would
 * be green with a mistake in the product shows nothing.
 */
package io.blkspc.host.mutants;
