/**
 * The {@code blkspc} command: the only code that sees every module.
 */
package io.blkspc.cli;
