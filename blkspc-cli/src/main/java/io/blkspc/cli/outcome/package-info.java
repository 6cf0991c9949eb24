/**
 * How a command ends: its exit code, and the one line it prints when it failed.
 */
package io.blkspc.cli.outcome;
