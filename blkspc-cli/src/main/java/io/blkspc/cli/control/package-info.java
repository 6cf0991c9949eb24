/**
 * The control socket of a running server: requests and answers as JSON, one per line. Management only; volume data goes
 * over NBD.
 */
package io.blkspc.cli.control;
