/**
 * Between the sample file system in a volume and the files of this machine: names of both, and copies in both directions.
 */
package io.blkspc.cli.fs;
