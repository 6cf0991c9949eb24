package io.blkspc.xfsish.file;

/**
 * The worst case of one operation, in blocks of 4096 bytes.
 *
 * @param metadata metadata blocks it may change
 * @param data data blocks it may change
 * @param taken blocks of the file system it may take at once
 * @param delayedMetadata metadata blocks that giving every delayed block its place may change afterwards, those of earlier
 *     operations included
 * @param delayedTaken blocks that takes, likewise
 * @param frees it gives space back, so it may draw on what is kept for that
 */
record Need(int metadata, int data, long taken, int delayedMetadata, long delayedTaken, boolean frees) {}
