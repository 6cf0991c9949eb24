/**
 * A sample subvolume file system that knows its host only through {@code io.blkspc.api}.
 * It is planned, not written: nothing runs yet; the module's README says what will be here.
 */
package io.blkspc.xfsish;
