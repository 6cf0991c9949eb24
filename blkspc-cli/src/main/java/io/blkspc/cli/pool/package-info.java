/**
 * How a command reaches the pool: where it lies, who holds it, and one way to run an operation on it, in this process or in
 * the server that holds it.
 */
package io.blkspc.cli.pool;
