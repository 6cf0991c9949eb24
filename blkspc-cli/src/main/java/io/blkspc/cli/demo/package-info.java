/**
 * The story of blkspc on a throw-away pool, told as it happens: a real server process, clients over NBD, a live clone, a
 * hard kill. Every sentence that is printed was checked first.
 */
package io.blkspc.cli.demo;
