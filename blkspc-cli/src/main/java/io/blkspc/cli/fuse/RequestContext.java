package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;

/**
 * {@code struct fuse_ctx}: who asks.
 *
 * <pre>
 *  offset size field  meaning
 *       0    4 uid    0 is root
 *       4    4 gid
 * </pre>
 */
final class RequestContext {

    static final int UID_OFFSET = 0;
    static final int GID_OFFSET = 4;

    private RequestContext() {}

    static int uid(long request) {
        return Memory.ALL.get(JAVA_INT, LibFuse.context(request) + UID_OFFSET);
    }

    static int gid(long request) {
        return Memory.ALL.get(JAVA_INT, LibFuse.context(request) + GID_OFFSET);
    }
}
