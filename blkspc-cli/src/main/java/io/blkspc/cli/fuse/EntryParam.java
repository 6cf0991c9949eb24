package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.xfsish.file.FileStatus;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct fuse_entry_param}, {@value #BYTES} bytes: what a name means, and how long the kernel may believe it.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 ino            number the kernel asks by; 1 is the root
 *       8    8 generation     tells two files apart that had the number one after the other
 *      16  144 attr           {@link StatRecord}
 *     160    8 attr_timeout   seconds, a double
 *     168    8 entry_timeout  seconds, a double
 * </pre>
 */
final class EntryParam {

    static final int BYTES = 176;
    static final int NODE_OFFSET = 0;
    static final int GENERATION_OFFSET = 8;
    static final int STATUS_OFFSET = 16;
    static final int STATUS_SECONDS_OFFSET = 160;
    static final int NAME_SECONDS_OFFSET = 168;

    private EntryParam() {}

    static void write(MemorySegment at, FileStatus status, long node, double seconds) {
        at.set(JAVA_LONG, NODE_OFFSET, node);
        at.set(JAVA_LONG, GENERATION_OFFSET, Integer.toUnsignedLong(status.generation()));
        StatRecord.write(at.asSlice(STATUS_OFFSET, StatRecord.BYTES), status, node);
        at.set(JAVA_DOUBLE, STATUS_SECONDS_OFFSET, seconds);
        at.set(JAVA_DOUBLE, NAME_SECONDS_OFFSET, seconds);
    }
}
