/**
 * The words of the command line, one class each: what it accepts, and how its result looks for people and for scripts.
 */
package io.blkspc.cli.command;
