/**
 * What this machine has of the things that blkspc and its users need.
 */
package io.blkspc.cli.doctor;
