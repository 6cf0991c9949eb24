/**
 * The bytes of a pool dump: a stream of checksummed records, written and read in one pass. Knows nothing of the engine; what is
 * in the records is put in and taken out by {@code core}.
 */
package io.blkspc.host.dump;
