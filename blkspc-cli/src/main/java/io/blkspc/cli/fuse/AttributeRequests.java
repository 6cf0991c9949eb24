package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.InodeAccess;
import io.blkspc.xfsish.file.InodeAccess.Change;
import io.blkspc.xfsish.file.InodeAccess.Setting;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Supplier;

/** Requests on what is known of files, and of the file system. Any thread. */
final class AttributeRequests {

    private static final int MODE = 1;
    private static final int UID = 1 << 1;
    private static final int GID = 1 << 2;
    private static final int SIZE = 1 << 3;
    private static final int ACCESSED = 1 << 4;
    private static final int MODIFIED = 1 << 5;
    private static final int ACCESSED_NOW = 1 << 7;
    private static final int MODIFIED_NOW = 1 << 8;

    private static final int CREATE = 1;
    private static final int REPLACE = 2;

    /** Kept as bytes they would be rules that nobody follows. */
    private static final String ACCESS_LISTS = "system.";

    /** Where the kernel's offer and our wishes are in {@code struct fuse_conn_info}. */
    private static final int WANT_OFFSET = 24;

    /** The file system would end set-ID bits by itself, and the kernel would go on to show them. */
    private static final int HANDLE_KILLPRIV = 1 << 20;

    private final Answers answers;
    private final InodeAccess inodes;

    AttributeRequests(Answers answers) {
        this.answers = answers;
        this.inodes = answers.inodes;
    }

    void init(long userData, long connection) {
        int want = Memory.ALL.get(JAVA_INT, connection + WANT_OFFSET);
        if ((want & HANDLE_KILLPRIV) != 0) {
            Memory.ALL.set(JAVA_INT, connection + WANT_OFFSET, want & ~HANDLE_KILLPRIV);
        }
    }

    private void answer(long request, Supplier<FileStatus> found) {
        MemorySegment stat = answers.scratch().fixed;
        int errno = answers.attempt(() -> {
            FileStatus status = found.get();
            StatRecord.write(stat, status, answers.node(status.inode()));
        });
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replyAttributes(request, stat.address(), Answers.SECONDS);
        }
    }

    void status(long request, long node, long fileInfo) {
        answer(request, () -> inodes.status(answers.inode(node)));
    }

    void update(long request, long node, long stat, int what, long fileInfo) {
        answer(request, () -> {
            long inode = answers.inode(node);
            if ((what & SIZE) != 0) {
                inodes.truncate(inode, StatRecord.sizeAt(stat), RequestContext.uid(request) != 0);
            }
            Change change = new Change(
                    (what & MODE) != 0 ? StatRecord.intAt(stat, StatRecord.MODE_OFFSET) & 07777 : null,
                    (what & UID) != 0 ? StatRecord.intAt(stat, StatRecord.UID_OFFSET) : null,
                    (what & GID) != 0 ? StatRecord.intAt(stat, StatRecord.GID_OFFSET) : null,
                    time(what & ACCESSED, what & ACCESSED_NOW, stat, StatRecord.ACCESSED_OFFSET),
                    time(what & MODIFIED, what & MODIFIED_NOW, stat, StatRecord.MODIFIED_OFFSET));
            boolean changes = change.permissions() != null
                    || change.uid() != null
                    || change.gid() != null
                    || change.accessed() != null
                    || change.modified() != null;
            return changes ? inodes.update(inode, change) : inodes.status(inode);
        });
    }

    private Long time(int isSet, int isNow, long stat, int offset) {
        return isNow != 0 ? (Long) answers.clock.getAsLong() : isSet != 0 ? (Long) StatRecord.time(stat, offset) : null;
    }

    void space(long request, long node) {
        MemorySegment vfs = answers.scratch().fixed;
        int errno = answers.attempt(() -> StatvfsRecord.write(vfs, answers.files.space()));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replySpace(request, vfs.address());
        }
    }

    // ---- extended attributes

    private static String name(long address) {
        byte[] bytes = Memory.string(address);
        String name = new String(bytes, StandardCharsets.UTF_8);
        if (!Arrays.equals(name.getBytes(StandardCharsets.UTF_8), bytes)) {
            throw new IllegalArgumentException("name of an attribute is not UTF-8");
        }
        return name;
    }

    private static boolean isRefused(long name) {
        return name(name).startsWith(ACCESS_LISTS);
    }

    void setAttribute(long request, long node, long name, long value, long size, int flags) {
        if (isNotSupported(request, name)) {
            return;
        }
        Setting how = flags == CREATE ? Setting.CREATES : flags == REPLACE ? Setting.REPLACES : Setting.ANY;
        int errno = answers.attempt(
                () -> inodes.setAttribute(answers.inode(node), name(name), Memory.bytes(value, size), how));
        LibFuse.replyError(request, errno == Errno.EFBIG ? Errno.ENOSPC : errno);
    }

    /** Answers a request for an attribute that there cannot be. */
    private boolean isNotSupported(long request, long name) {
        boolean[] refused = new boolean[1];
        int errno = answers.attempt(() -> refused[0] = isRefused(name));
        if (errno != 0 || refused[0]) {
            LibFuse.replyError(request, errno != 0 ? errno : Errno.EOPNOTSUPP);
            return true;
        }
        return false;
    }

    void attribute(long request, long node, long name, long size) {
        if (!isNotSupported(request, name)) {
            answer(request, size, () -> inodes.attribute(answers.inode(node), name(name)));
        }
    }

    void attributeNames(long request, long node, long size) {
        answer(request, size, () -> {
            ByteArrayOutputStream names = new ByteArrayOutputStream();
            for (String name : inodes.attributeNames(answers.inode(node))) {
                names.writeBytes(name.getBytes(StandardCharsets.UTF_8));
                names.write(0);
            }
            return names.toByteArray();
        });
    }

    /** Bytes, or with no room their number. */
    private void answer(long request, long room, Supplier<byte[]> bytes) {
        long[] found = new long[2];
        int errno = answers.attempt(() -> {
            byte[] value = bytes.get();
            found[0] = value.length;
            found[1] = answers.scratch().string(value);
        });
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else if (room == 0) {
            LibFuse.replyAttributeSize(request, found[0]);
        } else if (found[0] > room) {
            LibFuse.replyError(request, Errno.ERANGE);
        } else {
            LibFuse.replyBytes(request, found[1], found[0]);
        }
    }

    void removeAttribute(long request, long node, long name) {
        if (!isNotSupported(request, name)) {
            answers.done(request, () -> inodes.removeAttribute(answers.inode(node), name(name)));
        }
    }
}
