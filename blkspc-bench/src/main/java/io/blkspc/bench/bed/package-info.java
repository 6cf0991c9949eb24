/**
 * What every measurement stands on: a directory on one disk, processes pinned to processors, other programs, a way to the server of a
 * pool, and figures with their spread and their goals.
 */
package io.blkspc.bench.bed;
